"""Traits as rows tell them."""

import msgspec

from whipstitch.analytics.people.traits import shape


def test_deleted_traits_are_missing_and_the_row_that_only_names_somebody_shows_nothing() -> None:
    rows = [
        ("ada", "", "", False),
        ("ada", "$name", '"Ada"', False),
        ("ada", "name", '"A."', False),
        ("ada", "plan", "", True),
        ("bob", "", "", False),
    ]

    assert msgspec.json.encode(shape(rows)) == b'{"ada":{"$name":"Ada","name":"A."},"bob":{}}'
