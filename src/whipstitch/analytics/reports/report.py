"""What every report is: a query and its answer, and the people behind each of its numbers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from whipstitch.analytics.people import drill_down
from whipstitch.analytics.people.drill_down import SelectedPage, SelectedPeople
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.sql import Rows, Sql

Q = TypeVar("Q")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Report(Generic[Q, S]):
    """``answer`` asks the storage and shapes what it says. ``people`` is the statement of a page of
    the people behind one number, which a selector names. Both are of a query that was parsed.
    ``found``: the rows of that statement, where there is a quicker way to them."""

    answer: Callable[[QuerySession, Q], Awaitable[msgspec.Struct]]
    people: Callable[[Q, S, SelectedPage, Persons], Sql]
    found: Callable[[QuerySession, Q, S, SelectedPage], Awaitable[Rows]] | None = None

    async def people_behind(
        self, session: QuerySession, query: Q, selector: S, page: SelectedPage
    ) -> SelectedPeople:
        """A page of the people behind that number."""
        if self.found is not None:
            return drill_down.shape(page, await self.found(session, query, selector, page))
        sql = self.people(query, selector, page, session.persons)
        return drill_down.shape(page, await session.run(sql))


def in_one_statement(
    build: Callable[[Q, Persons], Sql],
    shape: Callable[[Q, Sequence[Sequence[Any]]], msgspec.Struct],
) -> Callable[[QuerySession, Q], Awaitable[msgspec.Struct]]:
    """The ``answer`` of a report that needs one."""

    async def answer(session: QuerySession, query: Q) -> msgspec.Struct:
        return shape(query, await session.run(build(query, session.persons)))

    return answer
