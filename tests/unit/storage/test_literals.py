"""Texts as statements have them."""

from clickhouse_connect.driver.binding import format_bind_value

from whipstitch.storage.literals import Texts, literal


def test_what_could_end_a_text_does_not() -> None:
    assert literal("it's") == r"'it\'s'"
    assert literal("back\\") == r"'back\\'"
    assert literal("\\' OR 1 --") == r"'\\\' OR 1 --'"
    assert literal("a\tb\nc") == r"'a\tb\nc'"


def test_texts_are_bound_as_they_are() -> None:
    assert format_bind_value(Texts([])) == "[]"
    assert format_bind_value(Texts(["a", "it's"])) == r"['a','it\'s']"
