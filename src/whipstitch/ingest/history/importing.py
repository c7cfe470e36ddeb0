"""An import from beginning to end."""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from whipstitch.core.errors import HistoryError
from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey
from whipstitch.core.sequence import Sequence as Numbers
from whipstitch.ingest.history.checkpoints import Checkpoint, Checkpoints
from whipstitch.ingest.history.ecosystems import FORMATS
from whipstitch.ingest.history.journal import JournalWriter
from whipstitch.ingest.history.lines import Rows, Tally
from whipstitch.ingest.history.own import OwnRows
from whipstitch.ingest.history.sources import (
    STANDARD_INPUT,
    Record,
    SourceRecord,
    Unread,
    fingerprint,
    records,
)
from whipstitch.ingest.validation.rows import Row

OWN: Final = "whipstitch"
_EXAMPLES: Final = 10
_LOOKED_AT: Final = 100
_SHOWN: Final = 1000
"""Records between two looks at how far it is."""


class Progress(Protocol):
    """Is shown how far it is."""

    def advance(self, size: int, records: int) -> None:
        """``size`` more bytes and ``records`` more records were read."""


class Imported(Tally):
    """``examples``: the first places of what could not be read or placed. ``skipped``: records that
    were imported by an earlier run."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0
        self.examples: list[str] = []

    def note(self, found: SourceRecord, why: str) -> None:
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{found.where}:{found.line}: {why}")


def run(
    format_: str,
    files: Sequence[Path],
    key: IngestionKey,
    placeholders: Placeholders,
    data_dir: Path,
    progress: Progress,
    *,
    writer: JournalWriter | None,
    again: bool = False,
) -> Imported:
    """``writer``: None where it is only said what would be done. ``again``: also what an earlier
    run imported.

    Raises:
        HistoryError: a file cannot be read, or there is no room.
        OSError
    """
    tally = Imported()
    numbers = Numbers(lambda: time.time_ns() // 1000)
    rows = Rows(key, placeholders, lambda: numbers.take(1), time.time_ns() // 1_000_000, tally)
    files = _in_order(files) if format_ == OWN else files
    make = _maker(format_, files, key, rows, numbers, tally)
    table = format_ != OWN and FORMATS[format_].table
    checkpoints = Checkpoints(data_dir / "imports", format_, key)
    for path in files:
        mark = fingerprint(path)
        known = Checkpoint() if again else checkpoints.read(mark)
        if known.done:
            tally.skipped += known.records
            progress.advance(_size(path), known.records)
            continue
        read = shown = size = 0
        for found in records(path, table=table):
            read += 1
            size += found.size
            if read - shown == _SHOWN:
                progress.advance(size, _SHOWN)
                shown, size = read, 0
            if read <= known.records:
                tally.skipped += 1
                continue
            made = _made(found, make, tally)
            if made and writer is not None:
                writer.put(made, found.size)
                if writer.is_full:
                    writer.seal()
                    checkpoints.write(mark, Checkpoint(read))
        progress.advance(size, read - shown)
        if writer is not None:
            writer.seal()
            checkpoints.write(mark, Checkpoint(read, done=True))
    return tally


def _made(
    found: SourceRecord, make: Callable[[SourceRecord, Record], list[Row]], tally: Imported
) -> list[Row]:
    tally.records += 1
    if isinstance(found.record, Unread):
        tally.leave_out(found.record.why)
        tally.note(found, found.record.why)
        return []
    before = tally.trouble
    try:
        made = make(found, found.record)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # Whatever shape a record has, the others are imported.
        tally.leave_out(f"of another shape ({type(error).__name__})")
        made = []
    if tally.trouble > before:
        tally.note(found, next(reversed(tally.left_out)))
    return made


def _maker(
    format_: str,
    files: Sequence[Path],
    key: IngestionKey,
    rows: Rows,
    numbers: Numbers,
    tally: Tally,
) -> Callable[[SourceRecord, Record], list[Row]]:
    if format_ != OWN:
        return lambda _, record: rows.of(FORMATS[format_], record)
    says_aliases = all(_kind(path) for path in files)
    own = OwnRows(key, rows, lambda: numbers.take(1), tally, says_aliases=says_aliases)
    return lambda found, record: own.of(record, found.text)


def _in_order(files: Sequence[Path]) -> list[Path]:
    """Aliases before traits, traits before events: who somebody is before what they did."""
    return sorted(files, key=_kind)


def _kind(path: Path) -> int:
    """0: aliases; 1: traits; 2: events, or nothing that can be told."""
    if path == STANDARD_INPUT:
        return 2
    for found in islice(records(path, table=False), _LOOKED_AT):
        if not isinstance(found.record, Unread):
            if "event_name" in found.record:
                return 2
            return 0 if "alias_id" in found.record else 1
    return 2


def _size(path: Path) -> int:
    return 0 if path == STANDARD_INPUT else path.stat().st_size


def check(files: Sequence[Path]) -> None:
    """Raises:
    HistoryError: a file is not there.
    """
    for path in files:
        if path != STANDARD_INPUT and not path.is_file():
            what = "is a directory: name the files in it" if path.is_dir() else "is not there"
            raise HistoryError(f"{path} {what}.")
