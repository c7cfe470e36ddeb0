"""What the storage needs to know of a segment before it loads it."""

import mmap
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from whipstitch.storage.loading import KINDS, Kind, Span


class _Accepted(msgspec.Struct):
    k: str = ""
    accepted: int = 0


_accepted = msgspec.json.Decoder(_Accepted)
_EVERYTHING: Final = Span(0, 10_413_791_999_999_000)


def count_rows(segment: Path) -> Counter[Kind]:
    """How many rows of each kind it holds. A row's line begins with its kind, and no row holds a
    bare line break."""
    counts: Counter[Kind] = Counter()
    with segment.open("rb") as file:
        if not segment.stat().st_size:
            return counts
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            for kind in KINDS:
                head = b'{"k":"%s"' % kind.encode()
                count = int(text[: len(head)] == head)
                at = text.find(b"\n" + head)
                while at >= 0:
                    count += 1
                    at = text.find(b"\n" + head, at + 1)
                if count:
                    counts[kind] = count
    return counts


def span_of_events(segment: Path) -> Span:
    """First and last acceptance of its events; all time, up to the end of 2299, where a line cannot
    be read."""
    first, last = _EVERYTHING.last, _EVERYTHING.first
    with segment.open("rb") as file:
        for line in file:
            try:
                row = _accepted.decode(line)
            except (msgspec.DecodeError, RecursionError):
                return _EVERYTHING
            if row.k == "track":
                first = min(first, row.accepted)
                last = max(last, row.accepted)
    return Span(first, max(first, last))
