"""What a segment holds, as far as loading it needs to know."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from whipstitch.storage.loading import KINDS, Kind, Span


class _Row(msgspec.Struct, gc=False):
    k: str = ""
    accepted: int = 0


_row = msgspec.json.Decoder(_Row)
_BEFORE_ALL: Final = 2**63
# Every read lets other threads run, so the event loop waits no longer than these lines take.
_READ_SIZE: Final = 8192


@dataclass(frozen=True, slots=True)
class Contents:
    """``rows`` of each kind; ``span`` is that of the events; ``unreadable`` lines are neither rows
    nor the ends of groups."""

    rows: Counter[Kind]
    span: Span
    unreadable: int


def contents(segment: Path) -> Contents:
    """Reads through ``segment`` once.

    Raises OSError."""
    kinds: Counter[str] = Counter()
    first, last, unreadable = _BEFORE_ALL, 0, 0
    decode = _row.decode
    with segment.open("rb", buffering=_READ_SIZE) as lines:
        for line in lines:
            try:
                row = decode(line)
            except (msgspec.DecodeError, RecursionError):
                unreadable += 1
                continue
            kinds[row.k] += 1
            if row.k == "track":
                accepted = row.accepted
                if accepted < first:
                    first = accepted
                if accepted > last:
                    last = accepted
    rows = Counter({kind: kinds[kind] for kind in KINDS if kinds[kind]})
    unreadable += kinds.total() - rows.total() - kinds["commit"]
    return Contents(rows, Span(min(first, last), last), unreadable)
