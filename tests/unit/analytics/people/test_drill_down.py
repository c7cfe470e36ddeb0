"""Pages of the people behind a number."""

import pytest

from whipstitch.analytics.people import drill_down
from whipstitch.core.errors import InvalidQuery


@pytest.mark.parametrize(
    ("limit", "cursor", "field"),
    [(0, None, "limit"), (10_001, None, "limit"), (5, "x", "cursor"), (5, "e30", "cursor")],
)
def test_what_is_no_page_is_refused_by_its_field(
    limit: int, cursor: str | None, field: str
) -> None:
    with pytest.raises(InvalidQuery) as refused:
        drill_down.parse(limit, cursor)
    assert refused.value.field == f"people_of.{field}"


def test_a_page_leads_to_the_one_after_it() -> None:
    rows = [(2**64 - 3, "ann"), (2**64 - 2, "bob"), (2**64 - 1, "cid")]

    page = drill_down.shape(drill_down.parse(2, None), rows)

    assert page.people == ["ann", "bob"]
    assert drill_down.parse(2, page.next_cursor).after == drill_down.SelectedPosition(2**64 - 2)


def test_the_last_page_leads_nowhere() -> None:
    assert drill_down.shape(drill_down.parse(2, None), [(1, "ann")]).next_cursor is None
    assert drill_down.shape(drill_down.parse(2, None), []).people == []
