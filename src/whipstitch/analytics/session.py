"""Sessions: looks at the storage, each with one generation of the person map."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from whipstitch.analytics.scope_sizes import ScopeSizes
from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.core.turns import Claim, Turns
from whipstitch.identity.person_map import MapSource, Persons
from whipstitch.warehouse.pipe_reader import poured
from whipstitch.warehouse.sql import Rows, Sql
from whipstitch.warehouse.store import QUESTIONS, Store

Q = TypeVar("Q")
_MOST_OF_ONE: Final = 2
"""Statements of one user that run at one time, so that others always find a place; of one project
there may be one more."""
_MOST_OF_A_PROJECT: Final = 3
_WAITING: Final = 1000
_WAITING_OF_ONE: Final = 200


class NameResolver(Protocol):
    """Makes queries, which may have virtual names, of what clients sent."""

    def resolved(self, query: Q) -> Q:
        """Raises InvalidQuery."""


VirtualSource = Callable[[str], NameResolver]
"""What is virtual in a project, by its id."""


class _AsSent:
    def resolved(self, query: Q) -> Q:
        return query


def as_sent(_project_id: str) -> NameResolver:
    """Nothing is virtual."""
    return _AsSent()


@dataclass(slots=True)
class QuerySession:
    """One request's look at one scope. While it lasts, everybody's rows keep their person: what it
    asks in several statements fits together."""

    scope: Scope
    persons: Persons
    """How the statements of this session name the person of an event's row."""
    generation: int
    virtuals: NameResolver
    """What queries are resolved by before they are asked."""
    _store: Store
    _turns: Turns
    _claims: tuple[Claim, ...]

    async def run(self, sql: Sql) -> Rows:
        """The rows that ``sql`` finds, each with its columns in the order selected.

        Raises:
            StorageUnavailable
            NoRoom: too many questions of who asks wait already.
        """
        async with self._turns.turn(*self._claims):
            return await asyncio.wrap_future(self._store.submit(sql.text, self._values(sql)))

    def pour(self, sql: Sql, format_: str) -> AsyncGenerator[bytes]:
        """What ``sql`` finds, written in a format of ClickHouse's, whatever its size. Use it with
        ``contextlib.aclosing``: the query ends then, too.

        Raises:
            StorageUnavailable
        """
        values = self._values(sql)
        return poured(lambda pipe: self._store.pour(sql.text, format_, values, pipe))

    def _values(self, sql: Sql) -> dict[str, Any]:
        return {**sql.values, **self.scope._asdict(), "generation": self.generation}


class SessionFactory:
    """Whoever reads does so through here."""

    def __init__(self, store: Store, maps: MapSource, virtuals: VirtualSource = as_sent) -> None:
        self._virtuals = virtuals
        self._store = store
        self._maps = maps
        self._sizes = ScopeSizes(store)
        self._turns = Turns(QUESTIONS, waiting=_WAITING, waiting_each=_WAITING_OF_ONE)

    @asynccontextmanager
    async def open(self, scope: Scope, who: str) -> AsyncIterator[QuerySession]:
        """A look at ``scope``, which lasts as long as the context. ``who`` asks: nobody's questions
        keep those of others waiting for long.

        Raises:
            StorageUnavailable, RegistryUnavailable
        """
        virtuals = await asyncio.to_thread(self._virtuals, scope.project_id)
        with ExitStack() as stack:
            try:
                generation = stack.enter_context(self._maps.hold())
            except StorageUnavailable as error:
                # There is none before ClickHouse has answered for the first time.
                raise StorageUnavailable(self._store.problem or str(error)) from None
            claims = (
                Claim(("user", who), _MOST_OF_ONE),
                Claim(("project", scope.project_id), _MOST_OF_A_PROJECT),
            )
            persons = generation.of(scope)
            if persons.sharded and not await self._sizes.has_many(scope):
                persons = replace(persons, sharded=False)
            yield QuerySession(
                scope,
                persons,
                generation.number,
                virtuals,
                self._store,
                self._turns,
                claims,
            )
