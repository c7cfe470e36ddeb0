"""Traits as rows tell them."""

import msgspec

from whipstitch.analytics.people.traits import shape


def test_deleted_traits_are_missing_and_the_row_that_only_names_somebody_shows_nothing() -> None:
    rows = [
        ("ada", "", ""),
        ("ada", "$name", '"Ada"'),
        ("ada", "name", '"A."'),
        ("ada", "plan", ""),
        ("bob", "", ""),
    ]

    assert msgspec.json.encode(shape(rows)) == b'{"ada":{"$name":"Ada","name":"A."},"bob":{}}'
