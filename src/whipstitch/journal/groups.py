"""How groups of rows stand in a segment, and how the whole ones are found again after a crash.

A segment is a text of JSON lines. Rows that became durable together form a group, and a line that
counts and checksums them closes it::

    {"k":"track", …}
    {"k":"commit","rows":1,"bytes":612,"crc":2774819563}

Rows hold no bare line break, so a line that starts like a commit is one."""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

COMMIT_START = b'{"k":"commit","rows":'
# So many digits as the numbers may have: more would be damage, which may be of any length.
COMMIT = re.compile(
    rb'^\{"k":"commit","rows":(\d{1,18}),"bytes":(\d{1,18}),"crc":(\d{1,10})\}\n', re.MULTILINE
)


class Group(NamedTuple):
    """A whole group: ``text[start:end]``, its commit line included."""

    start: int
    end: int
    rows: int


def commit_line(rows: int, size: int, crc: int) -> bytes:
    """The line that closes a group of ``rows`` lines, ``size`` bytes together."""
    return b'{"k":"commit","rows":%d,"bytes":%d,"crc":%d}\n' % (rows, size, crc)


def seal_group(chunks: Iterable[bytes], rows: int) -> bytes:
    """``chunks`` of rows as one group, ready to be written."""
    lines = b"".join(chunks)
    return lines + commit_line(rows, len(lines), zlib.crc32(lines))


def closing_line(chunks: Iterable[bytes], rows: int) -> bytes:
    """The line that closes a group of ``chunks``, which are written one after the other."""
    crc = size = 0
    for chunk in chunks:
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return commit_line(rows, size, crc)


def whole_groups(text: bytes) -> Iterator[Group]:
    """The groups of a segment that are whole, in order; torn or damaged bytes between them are
    passed over."""
    end_of_last = 0
    for match in COMMIT.finditer(text):
        rows, size, crc = map(int, match.groups())
        start = match.start() - size
        if start < end_of_last or zlib.crc32(memoryview(text)[start : match.start()]) != crc:
            continue
        yield Group(start, match.end(), rows)
        end_of_last = match.end()
