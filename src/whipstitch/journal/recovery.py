"""A start of the journal: what a killed process left in its directory is mended, and what is no
segment is put aside."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final

import msgspec
import structlog

from whipstitch.core.files import PART
from whipstitch.journal.acceptance_numbers import LAST_NUMBER, remembered_number
from whipstitch.journal.aside import ASIDE, put_aside
from whipstitch.journal.checking import UNREADABLE
from whipstitch.journal.groups import COMMIT, whole_groups
from whipstitch.journal.segments import MOST_NUMBER, OPEN, SEALED, number_of, seal, size_of

log = structlog.get_logger(__name__)

_NO_SEGMENTS: Final = (LAST_NUMBER, LAST_NUMBER + ".new", ASIDE, "lost+found")


class _Numbered(msgspec.Struct):
    """What is read of a row, or of the line that closes a group."""

    accepted: int = 0


_rows = msgspec.json.Decoder(_Numbered)


def recover(directory: Path) -> int:
    """Seals what was left open, puts aside what is no segment; returns the highest acceptance
    number found.

    Raises OSError."""
    last = remembered_number(directory)
    for segment in sorted(directory.iterdir()):
        if segment.name in _NO_SEGMENTS:
            continue
        try:
            last = max(last, _recover_one(segment))
        except OSError as error:
            if error.errno not in UNREADABLE:
                raise
            put_aside(segment, error.strerror or str(error))
    return last


def _recover_one(segment: Path) -> int:
    """Returns the highest acceptance number that is seen of it."""
    number = number_of(segment)
    stat = segment.lstat()
    if not S_ISREG(stat.st_mode):
        put_aside(segment, "it is no regular file")
    elif number is None or segment.suffix not in (OPEN, PART, SEALED):
        put_aside(segment, "the journal gives no such names")
    elif segment.suffix == PART:
        segment.unlink()
    elif segment.suffix == OPEN:
        recovered = recover_open(segment)
        log.info(
            "journal_recovered",
            segment=segment.stem,
            bytes=recovered.sealed.stat().st_size if recovered.sealed else 0,
            torn=recovered.torn,
            damaged=recovered.damaged,
        )
        return max(number, recovered.last)
    elif not stat.st_size and not size_of(segment):
        put_aside(segment, "it is empty")
    else:
        return number
    return 0


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of a segment that was left open. ``sealed``: None, no group of it was finished,
    and it is gone. ``last``: the highest acceptance number in it. ``torn``: bytes at its end of a
    group that was not finished. ``damaged``: bytes of finished groups that are not whole."""

    sealed: Path | None
    last: int
    torn: int
    damaged: int


def recover_open(segment: Path) -> Recovered:
    """Seals a segment that a killed process left open, without the torn group at its end, which
    nobody was answered for. Damage before the end of a group that was finished is not torn: that
    stays, for the loader to set aside.

    Raises OSError."""
    text = segment.read_bytes()
    end = max((commit.end() for commit in COMMIT.finditer(text)), default=0)
    torn = len(text[end:].rstrip(b"\0"))  # behind it are the zeros of its room
    if not end:
        segment.unlink()
        return Recovered(None, 0, torn, 0)
    last = whole = 0
    for group in whole_groups(text):
        whole += group.end - group.start
        with contextlib.suppress(ValueError, RecursionError):
            rows = _rows.decode_lines(text[group.start : group.end])
            numbers = [row.accepted for row in rows if row.accepted < MOST_NUMBER]
            last = max(last, *numbers, 0)
    # Cutting it off needs no room, on a full disk either.
    with segment.open("rb+") as file:
        file.truncate(end)
        os.fsync(file.fileno())
    return Recovered(seal(segment), last, torn, end - whole)
