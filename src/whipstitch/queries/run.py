"""What a query needs of the storage."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from whipstitch.projects import Scope
from whipstitch.queries.persons import Persons

Rows = Sequence[Sequence[Any]]

IN_SCOPE: Final = "project_id = {project_id:String} AND environment = {environment:String}"
"""The condition that every statement sets on every table that it reads."""
LINKED: Final = f"person_ids FINAL WHERE {IN_SCOPE} AND version <= {{generation:UInt64}}"
"""The ids that have a parent, with their person, as the reading's person map knows them: what was
linked since is left to later readings, or some of a person's rows would be found and some not."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement with ``{name:Type}`` placeholders, and the values that are bound to them.
    ``project_id``, ``environment`` and ``generation`` are bound by the reading that runs it."""

    text: str
    values: Mapping[str, Any]


class Reading(Protocol):
    """One request's look at one scope. While it lasts, everybody's rows keep their person: what it
    asks in several statements fits together."""

    scope: Scope
    persons: Persons
    """How the statements of this reading name the person of an event's row."""

    async def run(self, sql: Sql) -> Rows:
        """The rows that ``sql`` finds, each with its columns in the order selected.

        Raises:
            StorageUnavailable
        """

    def pour(self, sql: Sql, format_: str) -> AsyncGenerator[bytes]:
        """What ``sql`` finds, written in a format of ClickHouse's, whatever its size. Use it with
        ``contextlib.aclosing``: the query ends then, too.

        Raises:
            StorageUnavailable
        """


class Readings(Protocol):
    """Where readings come from."""

    def open(self, scope: Scope) -> AbstractAsyncContextManager[Reading]:
        """A look at ``scope``, which lasts as long as the context."""
