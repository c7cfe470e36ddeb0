"""Pages of the people behind a number."""

import pytest

from whipstitch.errors import InvalidQuery
from whipstitch.queries import people_of


@pytest.mark.parametrize(
    ("limit", "cursor", "field"),
    [(0, None, "limit"), (10_001, None, "limit"), (5, "x", "cursor"), (5, "e30", "cursor")],
)
def test_what_is_no_page_is_refused_by_its_field(
    limit: int, cursor: str | None, field: str
) -> None:
    with pytest.raises(InvalidQuery) as refused:
        people_of.parse(limit, cursor)
    assert refused.value.field == f"people_of.{field}"


def test_a_page_leads_to_the_one_after_it() -> None:
    rows = [(2**64 - 3, "ann"), (2**64 - 2, "bob"), (2**64 - 1, "cid")]

    page = people_of.shape(people_of.parse(2, None), rows)

    assert page.people == ["ann", "bob"]
    assert people_of.parse(2, page.next_cursor).after == people_of.Position(2**64 - 2)


def test_the_last_page_leads_nowhere() -> None:
    assert people_of.shape(people_of.parse(2, None), [(1, "ann")]).next_cursor is None
    assert people_of.shape(people_of.parse(2, None), []).people == []
