"""Behind any number, the people: a page of those whom a surface counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.pages import Count, InvalidCursor, cursor_of, position_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql

DEFAULT_LIMIT: Final = 100
MOST: Final = 10_000


class SelectedPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of people: a person's key."""

    key: Count


@dataclass(frozen=True, slots=True)
class SelectedPage:
    """Which of the people are asked for."""

    limit: int = DEFAULT_LIMIT
    after: SelectedPosition | None = None


class SelectedPeople(msgspec.Struct, kw_only=True):
    """Distinct ids, in an order that stays as it is from page to page."""

    ok: bool = True
    people: list[str]
    next_cursor: str | None


def parse(limit: int | None, cursor: str | None, field: str = "people_of") -> SelectedPage:
    """Raises:
    InvalidQuery
    """
    limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= MOST:
        raise InvalidQuery(f"{field}.limit", f"must lie between 1 and {MOST:,}")
    try:
        return SelectedPage(limit, position_of(cursor, SelectedPosition) if cursor else None)
    except InvalidCursor:
        raise InvalidQuery(f"{field}.cursor", "is not one that this endpoint gave out") from None


def build(selected: str, page: SelectedPage, values: Parameters) -> Sql:
    """``selected`` is a query of ``key`` and ``id`` (``Persons.key`` and ``Persons.id``) of the
    people, each as often as it likes. Asks for one more than the page holds."""
    after = ""
    if page.after is not None:
        after = f"WHERE key > {values.add(page.after.key, 'UInt64')} "
    return values.sql(
        f"SELECT key, any(id) FROM ({selected}) {after}"
        f"GROUP BY key ORDER BY key LIMIT {values.add(page.limit + 1, 'UInt32')}"
    )


def shape(page: SelectedPage, rows: Sequence[Sequence[Any]]) -> SelectedPeople:
    """The page that ``rows`` make, and where the next one begins."""
    more = len(rows) > page.limit
    return SelectedPeople(
        people=[id_ for _, id_ in rows[: page.limit]],
        next_cursor=cursor_of(SelectedPosition(rows[page.limit - 1][0])) if more else None,
    )
