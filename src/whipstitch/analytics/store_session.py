"""Readings of the storage, each with one generation of the person map."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.core.turns import Claim, Turns
from whipstitch.identity.person_map import PersonMap, Persons
from whipstitch.warehouse.pipe_reader import poured
from whipstitch.warehouse.sql import Rows, Sql
from whipstitch.warehouse.store import QUESTIONS, Store

_MOST_OF_ONE: Final = 2
"""Statements of one user that run at one time, so that others always find a place; of one project
there may be one more."""
_MOST_OF_A_PROJECT: Final = 3
_WAITING: Final = 1000
_WAITING_OF_ONE: Final = 200


class Maps(Protocol):
    """The generations of the person map."""

    def hold(self) -> AbstractContextManager[PersonMap]:
        """The newest, which is not dropped while the context lasts."""


class StoreSessions:
    """Whoever reads does so through here."""

    def __init__(self, store: Store, maps: Maps) -> None:
        self._store = store
        self._maps = maps
        self._turns = Turns(QUESTIONS, waiting=_WAITING, waiting_each=_WAITING_OF_ONE)

    @asynccontextmanager
    async def open(self, scope: Scope, who: str) -> AsyncIterator[QuerySession]:
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
            yield _StoreSession(
                scope, generation.of(scope), generation.number, self._store, self._turns, claims
            )


@dataclass(slots=True)
class _StoreSession:
    scope: Scope
    persons: Persons
    generation: int
    _store: Store
    _turns: Turns
    _claims: tuple[Claim, ...]

    async def run(self, sql: Sql) -> Rows:
        async with self._turns.turn(*self._claims):
            return await asyncio.wrap_future(self._store.submit(sql.text, self._values(sql)))

    def pour(self, sql: Sql, format_: str) -> AsyncGenerator[bytes]:
        values = self._values(sql)
        return poured(lambda pipe: self._store.pour(sql.text, format_, values, pipe))

    def _values(self, sql: Sql) -> dict[str, Any]:
        return {**sql.values, **self.scope._asdict(), "generation": self.generation}
