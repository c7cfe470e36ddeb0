"""What is in the files of an import: lines, rows of tables and of Parquet, unpacked while they are
read. Nothing holds more than one line, or one batch of a Parquet file, in memory."""

import csv
import gzip
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import msgspec

from whipstitch.core.errors import HistoryError
from whipstitch.ingest.compat.request import Unreadable, read_json

STANDARD_INPUT: Final = Path("-")
LONGEST_LINE: Final = 32 * 1024 * 1024
"""Bytes. Longer lines are passed over."""
_MOST_MEMBERS: Final = 1_000_000
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_PARQUET: Final = b"PAR1"
_FINGERPRINT: Final = 1024 * 1024
_PIECE: Final = 1024 * 1024
_ROWS: Final = 1000
_BROKEN: Final = (OSError, EOFError, zipfile.BadZipFile, ValueError)

Record = dict[str, Any]


class Unread(NamedTuple):
    """A line that holds no record, and why."""

    why: str


class SourceRecord(msgspec.Struct, gc=False):
    """``where``: the file, and the member of an archive. ``line``: from 1; of a table the row.
    ``size``: bytes that it had in the file, unpacked; ``text``: the JSON that it was read of, if it
    was."""

    where: str
    line: int
    record: Record | Unread
    size: int
    text: bytes = b""


def fingerprint(path: Path) -> str:
    """Tells files apart by size, beginning and end; blank for what cannot be read twice."""
    if path == STANDARD_INPUT or not path.is_file():
        return ""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        size = path.stat().st_size
        digest.update(b"%d\0" % size)
        digest.update(file.read(_FINGERPRINT))
        file.seek(max(0, size - _FINGERPRINT))
        digest.update(file.read(_FINGERPRINT))
    return digest.hexdigest()


def records(path: Path, *, table: bool) -> Iterator[SourceRecord]:
    """All records of a file, in order: JSON objects, one a line, or (``table``) rows of a CSV. It
    may be packed by gzip, be a zip archive of such files, or Parquet. ``-`` is standard input.

    Raises:
        HistoryError: the file cannot be read, or is packed in a way that cannot.
    """
    try:
        with ExitStack() as stack:
            name = "standard input" if path == STANDARD_INPUT else path.name
            file = (
                stack.enter_context(io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False)))
                if path == STANDARD_INPUT
                else stack.enter_context(path.open("rb"))
            )
            start = file.peek(len(_ZIP))[: len(_ZIP)]
            if start == _ZIP:
                yield from _archive(path, table=table)
            elif start == _PARQUET:
                yield from _parquet(path, name)
            else:
                yield from _plain(name, file, packed=start[:2] == _GZIP, table=table)
    except _BROKEN as error:
        raise HistoryError(f"{path} cannot be read: {error}") from error


def _archive(path: Path, *, table: bool) -> Iterator[SourceRecord]:
    if path == STANDARD_INPUT:
        raise HistoryError("A zip archive cannot be read from standard input: name the file.")
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) > _MOST_MEMBERS:
            raise HistoryError(f"{path} has more than {_MOST_MEMBERS} members.")
        for member in members:
            base = member.filename.rpartition("/")[2]
            if base.startswith(".") or "__MACOSX" in member.filename:
                continue
            with archive.open(member) as opened:
                packed = cast("zipfile.ZipExtFile", opened).peek(2)[:2] == _GZIP
                name = f"{path.name}/{member.filename}"
                yield from _plain(name, opened, packed=packed, table=table)


def _plain(name: str, file: IO[bytes], *, packed: bool, table: bool) -> Iterator[SourceRecord]:
    read = _rows if table else _lines
    if not packed:
        yield from read(name, file)
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        yield from read(name, cast("IO[bytes]", unpacked))


def _lines(name: str, file: IO[bytes]) -> Iterator[SourceRecord]:
    number = 0
    for lines in _bounded(file):
        for line in lines:
            number += 1
            if line is None:
                why = Unread(f"longer than {LONGEST_LINE} bytes")
                yield SourceRecord(name, number, why, LONGEST_LINE)
            elif text := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield SourceRecord(name, number, _record(text), len(line), text)


def _record(text: bytes) -> Record | Unread:
    try:
        record = read_json(text)
    except Unreadable:
        return Unread("no JSON")
    return record if isinstance(record, dict) else Unread("no JSON object")


def _bounded(file: IO[bytes]) -> Iterator[list[bytes | None]]:
    """Lines, all that end in a piece of the file at once; None for one that is too long."""
    rest, passing = b"", False
    while piece := file.read(_PIECE):
        if passing:  # what was told of as too long goes on
            _, ended, piece = piece.partition(b"\n")
            passing = not ended
            if not piece:
                continue
        lines = io.BytesIO(rest + piece).readlines()
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        yield [line if len(line) <= LONGEST_LINE else None for line in lines]
        if len(rest) >= LONGEST_LINE:
            yield [None]
            rest, passing = b"", True
    if rest:
        yield [rest]


def _rows(name: str, file: IO[bytes]) -> Iterator[SourceRecord]:
    def texts() -> Iterable[str]:
        for lines in _bounded(file):
            for line in lines:
                yield "" if line is None else line.decode("utf-8-sig", "replace").replace("\0", "")

    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(texts())
    columns = next(rows, [])
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield SourceRecord(name, rows.line_num, Unread(str(error)), 1)
            continue
        if row is None:
            return
        size = sum(map(len, row)) + len(row)
        if len(row) != len(columns):
            if row:
                yield SourceRecord(
                    name, rows.line_num, Unread("not as many cells as columns"), size
                )
            continue
        yield SourceRecord(name, rows.line_num, dict(zip(columns, row, strict=True)), size)


def _parquet(path: Path, name: str) -> Iterator[SourceRecord]:
    if path == STANDARD_INPUT:
        raise HistoryError("Parquet cannot be read from standard input: name the file.")
    try:
        from pyarrow import parquet  # takes a second, and is needed here only
    except ImportError as error:  # as in the container's image, a third of which it would be
        raise HistoryError(
            f"{path} is Parquet, which needs the package pyarrow: install it, or export JSONL."
        ) from error

    number = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            size = batch.nbytes // max(batch.num_rows, 1)
            for row in batch.to_pylist():
                number += 1
                record = {key: _unpacked(value) for key, value in row.items()}
                yield SourceRecord(name, number, record, size)


def _unpacked(value: Any) -> Any:
    """JSON has no times; objects are often stored as their text."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return value
    return value.isoformat() if hasattr(value, "isoformat") else value
