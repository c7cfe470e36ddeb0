"""The person of an event's row, the one way in which every query names it.

A row says ``distinct_id``. Where an alias came (or was undone) and the row is not rewritten yet,
the person map says whose it is: it sends what still stands in ``distinct_id``, and after an undo
what stands in ``anon_id``, to the person. Only scopes that have such rows pay for the look-up.

People are counted, grouped and joined by their key, the 64-bit hash of their id: it is faster than
the text, and among a hundred million people two share one with a chance of 1 in 4,000."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from whipstitch.core.projects import Scope
from whipstitch.identity import on_shards
from whipstitch.warehouse.sql import IN_SCOPE

_PROJECT: Final = "{project_id:String}, {environment:String}"
LINKED: Final = f"person_ids FINAL WHERE {IN_SCOPE} AND version <= {{generation:UInt64}}"
"""The ids that have a parent, with their person, as the reading's person map knows them: what was
linked since is left to later readings, or some of a person's rows would be found and some not."""
SENT: Final = "sent_id"
"""The column of the id that a row of ``events`` came in under, which nothing changes."""


@dataclass(frozen=True, slots=True)
class PersonMap:
    """One generation of the map, which never changes: ``table`` is its Join table, blank where no
    row waits. ``merged`` scopes have rows to be found by ``distinct_id``, ``split`` ones by
    ``anon_id`` too. ``sharded``: rows are on several shards. ``rows``: how many the table has."""

    number: int = 0
    table: str = ""
    merged: frozenset[Scope] = frozenset()
    split: frozenset[Scope] = frozenset()
    sharded: bool = False
    rows: int = 0

    def of(self, scope: Scope) -> "Persons":
        """How the statements of one scope name people."""
        if scope in self.split:
            key, id_ = (_split(self.table, *column) for column in _COLUMNS)
            return Persons(key, id_, self.sharded)
        if scope in self.merged:
            key, id_ = (_merged(self.table, *column) for column in _COLUMNS)
            return Persons(key, id_, self.sharded)
        return replace(SETTLED, sharded=True) if self.sharded else SETTLED


class MapSource(Protocol):
    """Where the generations of the person map come from."""

    problem: str | None
    """Why there is none to be trusted, for a person."""

    def hold(self) -> AbstractContextManager[PersonMap]:
        """The newest, which is not dropped while the context lasts."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Expressions over the columns of ``events``, for statements that bind ``project_id`` and
    ``environment``: ``key`` is a UInt64, ``id`` the person's distinct id as a String."""

    key: str
    id: str
    sharded: bool = False
    """Whether people are to be worked out on the shards that have their rows."""

    @property
    def anon_id(self) -> str:
        """The id that the row came in under, blank where that is the person's."""
        return f"if({SENT} = {self.id}, '', {SENT})"

    def grouped(self, columns: str, rows: str, by: str) -> str:
        """``SELECT columns FROM rows GROUP BY by``, in which each group is of one person: in this
        way, no host of a cluster needs everybody in its memory. ``rows`` is ``events``, whatever is
        joined to it, and a condition; ``by`` may end with a condition on the groups."""
        if self.sharded:
            return on_shards.grouped(self.key, columns, rows, by)
        return f"SELECT {columns} FROM {rows} GROUP BY {by}"


def key_of(id_expression: str) -> str:
    """The key of the person whose distinct id an expression gives."""
    return f"cityHash64({id_expression})"


def place_of(column: str, value: str) -> str:
    """Where the map has the ``value``, an expression, that stands in ``column``."""
    return place(f"'{column}'", value, _PROJECT)


def place(column: str, value: str, scope: str) -> str:
    """The same where the column's name and the scope are expressions, too."""
    return f"bitXor(cityHash64({value}), cityHash64({scope}, {column}))"


def _merged(table: str, name: str, missing: str, settled: str) -> str:
    found = f"joinGet('{table}', '{name}', {place_of('distinct_id', 'distinct_id')})"
    return f"if({found} = {missing}, {settled}, {found})"


def _split(table: str, name: str, missing: str, settled: str) -> str:
    found = f"joinGet('{table}', '{name}', {place_of('anon_id', 'anon_id')})"
    return f"if({found} = {missing}, {_merged(table, name, missing, settled)}, {found})"


# The map's column, what it gives for a row that is not in it, and what the row itself says.
_COLUMNS: Final = (
    ("person_key", "0", key_of("distinct_id")),
    ("person", "''", "distinct_id"),
)
SETTLED: Final = Persons(key_of("distinct_id"), "distinct_id")
"""People of rows that all say whose they are."""
