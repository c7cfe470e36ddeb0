"""Texts as statements have them."""

from whipstitch.warehouse.literals import literal


def test_what_could_end_a_text_does_not() -> None:
    assert literal("it's") == r"'it\'s'"
    assert literal("back\\") == r"'back\\'"
    assert literal("\\' OR 1 --") == r"'\\\' OR 1 --'"
    assert literal("a\tb\nc") == r"'a\tb\nc'"
