"""The history of another ClickHouse server of Whipstitch, on its way into the journal of a node:
events, traits and aliases with the numbers by which they were accepted there, month by month.

Whatever is moved twice is stored once: an event by its id, a trait and an alias because they are
equal. So a move that is ended at any moment goes on at the last part that it noted."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from whipstitch.core.event_columns import COLUMNS
from whipstitch.core.files import write_whole
from whipstitch.core.projects import Scope
from whipstitch.identity import tables
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.ingest.history.events import ImportedEvent
from whipstitch.ingest.history.importing import Progress
from whipstitch.ingest.history.journal import JournalWriter
from whipstitch.ingest.validation.rows import AliasRow, Row, TraitRow
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.other_server import (
    OtherServer,
    Part,
    Stored,
    StoredAlias,
    StoredEvent,
    StoredTrait,
)

_UNSETTLED: Final = 60
"""Seconds: what was accepted so lately may still be in a journal there."""
_SAME: Final = ("project_id", "environment", "accepted", *(one.name for one in COLUMNS))


class MoveMark(msgspec.Struct):
    """How far a move came. All that was accepted before ``since`` was moved by runs that ended.
    The run at hand goes up to ``last``; its parts before ``part`` are done, and of ``part`` what
    was accepted before ``next``; a blank ``part``: there is none."""

    since: int = 0
    last: int = 0
    part: str = ""
    next: int = 0


class Moved(msgspec.Struct):
    """Rows that a run moved. ``recent``: so many were accepted too lately for it."""

    events: int = 0
    traits: int = 0
    aliases: int = 0
    recent: int = 0


class HistoryMove:
    """A run. ``marks``: the file that says how far the ones before came."""

    def __init__(
        self, source: OtherServer, marks: Path, now: Callable[[], float] = time.time
    ) -> None:
        """Raises StorageError."""
        self._source = source
        self._marks = marks
        self._mark = _read(marks)
        self._newest = source.newest()
        if not self._mark.part:
            settled = int((now() - _UNSETTLED) * 1_000_000)
            self._mark.last = min(self._newest, settled)
        parts = source.parts()
        self._parts = [one for one in parts if one.name >= self._mark.part]
        self.rows = sum(source.count(one, self._first(one), self._mark.last) for one in self._parts)
        """How many there are to move."""
        self.moved = Moved()
        if self._newest > self._mark.last:
            recent = (source.count(one, self._mark.last + 1, self._newest) for one in parts)
            self.moved.recent = sum(recent)

    def undone(self, client: Client) -> int:
        """Stores what was said of ids of which an alias was undone: the journal has no such rows.
        ``client`` is at the storage that the history is moved to; whoever links there finds
        them. Returns how many these are."""
        said = self._source.undone()
        tables.add_operations(client, [_arrival(one) for one in said])
        return len(said)

    def run(self, writer: JournalWriter, progress: Progress) -> None:
        """Raises:
        HistoryError: there is no room in the journal.
        StorageError, OSError
        """
        mark = self._mark
        for part in self._parts:
            first = self._first(part)
            mark.part = part.name
            for end in self._source.ends(part, first, mark.last):
                for row, size in self._source.rows(part, first, end):
                    writer.put([_row(row)], size)
                    progress.advance(1, 1)
                    self._count(row)
                    if writer.is_full:
                        writer.seal()
                writer.seal()
                mark.next = first = end + 1
                write_whole(self._marks, [msgspec.json.encode(mark)])
        write_whole(self._marks, [msgspec.json.encode(MoveMark(since=mark.last + 1))])

    def _first(self, part: Part) -> int:
        return self._mark.next if part.name == self._mark.part else self._mark.since

    def _count(self, row: Stored) -> None:
        if isinstance(row, StoredEvent):
            self.moved.events += 1
        elif isinstance(row, StoredTrait):
            self.moved.traits += 1
        else:
            self.moved.aliases += 1


def _row(stored: Stored) -> Row:
    if isinstance(stored, StoredEvent):
        return ImportedEvent(
            **{name: getattr(stored, name) for name in _SAME},
            timestamp=stored.timestamp_ms,
            received=stored.received_ms,
            properties=msgspec.Raw(stored.properties_sent.encode() or b"{}"),
            default_properties=msgspec.Raw(stored.default_properties_sent.encode() or b"{}"),
            imported=True,
        )
    if isinstance(stored, StoredTrait):
        return TraitRow(
            stored.project_id,
            stored.environment,
            stored.distinct_id,
            stored.property,
            stored.value,
            stored.deleted,
            stored.timestamp_ms,
            stored.accepted,
            stored.operation,
        )
    return AliasRow(
        stored.project_id,
        stored.environment,
        stored.alias_id,
        stored.distinct_id,
        stored.timestamp_ms,
        stored.received_ms,
        stored.accepted,
        stored.refused,
        via=stored.via,
        client=stored.client,
    )


def _arrival(stored: StoredAlias) -> Arrival:
    operation = Operation(
        stored.accepted,
        stored.alias_id,
        stored.distinct_id,
        undo=stored.undo,
        refused=stored.refused,
    )
    scope = Scope(stored.project_id, "test" if stored.environment == "test" else "live")
    times = (stored.timestamp_ms, stored.received_ms)
    return Arrival(scope, operation, *times, stored.via, stored.client)


def _read(path: Path) -> MoveMark:
    """A new one where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=MoveMark)
    except (OSError, msgspec.DecodeError):
        return MoveMark()
