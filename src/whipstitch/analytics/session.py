"""What a query needs of the storage."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.sql import Rows, Sql


class QuerySession(Protocol):
    """One request's look at one scope. While it lasts, everybody's rows keep their person: what it
    asks in several statements fits together."""

    scope: Scope
    persons: Persons
    """How the statements of this reading name the person of an event's row."""

    async def run(self, sql: Sql) -> Rows:
        """The rows that ``sql`` finds, each with its columns in the order selected.

        Raises:
            StorageUnavailable
            NoRoom: too many questions of who asks wait already.
        """

    def pour(self, sql: Sql, format_: str) -> AsyncGenerator[bytes]:
        """What ``sql`` finds, written in a format of ClickHouse's, whatever its size. Use it with
        ``contextlib.aclosing``: the query ends then, too.

        Raises:
            StorageUnavailable
        """


class SessionFactory(Protocol):
    """Where readings come from."""

    def open(self, scope: Scope, who: str) -> AbstractAsyncContextManager[QuerySession]:
        """A look at ``scope``, which lasts as long as the context. ``who`` asks: nobody's questions
        keep those of others waiting for long."""
