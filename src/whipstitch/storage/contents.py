"""What a segment holds, as far as loading it needs to know."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.projects import Environment, Scope
from whipstitch.storage.loading import KINDS, Kind, Span


class Row(msgspec.Struct, gc=False):
    """What is read of each row. Of aliases there may be many that are known already (see
    ``stitching.repeats``): arrivals are made of the others only."""

    k: str = ""
    project_id: str = ""
    environment: Environment = "live"
    distinct_id: str = ""
    accepted: int = 0
    received: int = 0
    # Read of aliases only; what an event has wrong is ClickHouse's to refuse.
    alias_id: str = ""
    refused: str = ""
    timestamp: msgspec.Raw = msgspec.Raw(b"0")


_row = msgspec.json.Decoder(Row)
_BEFORE_ALL: Final = 2**63
_READ_SIZE: Final = 32 * 1024
"""So little that the event loop does not wait for the interpreter meanwhile."""


@dataclass(frozen=True, slots=True)
class Contents:
    """``rows`` of each kind; ``span`` is that of the events; ``unreadable`` lines are neither rows
    nor the ends of groups. ``ids``: who is named by events and traits, by scope; ``aliases``: as
    they are, by scope."""

    rows: Counter[Kind]
    span: Span
    unreadable: int
    ids: Mapping[Scope, set[str]]
    aliases: Mapping[Scope, Sequence[Row]]


def contents(segment: Path) -> Contents:
    """Reads through ``segment`` once.

    Raises OSError."""
    kinds: dict[str, int] = {}
    first, last, unreadable = _BEFORE_ALL, 0, 0
    earliest, latest = _BEFORE_ALL, 0
    ids: defaultdict[tuple[str, Environment], set[str]] = defaultdict(set)
    aliases: defaultdict[tuple[str, Environment], list[Row]] = defaultdict(list)
    with segment.open("rb") as file:
        while text := file.read(_READ_SIZE):
            text += file.readline()
            rows, damaged = _read(text)
            unreadable += damaged
            # One pass: there may be hundreds of thousands of rows, and the event loop waits for the
            # interpreter meanwhile.
            for row in rows:
                kind, accepted = row.k, row.accepted
                kinds[kind] = kinds.get(kind, 0) + 1
                if kind == "track":
                    received = row.received or accepted // 1000
                    if accepted < first:
                        first = accepted
                    if accepted > last:
                        last = accepted
                    if received < earliest:
                        earliest = received
                    if received > latest:
                        latest = received
                elif kind == "alias":
                    aliases[row.project_id, row.environment].append(row)
                    continue
                if row.distinct_id:
                    ids[row.project_id, row.environment].add(row.distinct_id)
    known = Counter({kind: kinds[kind] for kind in KINDS if kind in kinds})
    unreadable += sum(kinds.values()) - known.total() - kinds.get("commit", 0)
    return Contents(
        known,
        Span(min(first, last), last, min(earliest, latest), latest),
        unreadable,
        {Scope(*scope): named for scope, named in ids.items()},
        {Scope(*scope): said for scope, said in aliases.items()},
    )


def together(parts: Sequence[Contents]) -> Contents:
    """What some segments hold, as if they were one."""
    if len(parts) == 1:
        return parts[0]
    rows: Counter[Kind] = Counter()
    ids: defaultdict[Scope, set[str]] = defaultdict(set)
    aliases: defaultdict[Scope, list[Row]] = defaultdict(list)
    for part in parts:
        rows.update(part.rows)
        for scope, named in part.ids.items():
            ids[scope] |= named
        for scope, said in part.aliases.items():
            aliases[scope] += said
    spans = [part.span for part in parts if part.rows["track"]]
    span = Span(
        min((one.first for one in spans), default=0),
        max((one.last for one in spans), default=0),
        min((one.earliest for one in spans), default=0),
        max((one.latest for one in spans), default=0),
    )
    return Contents(rows, span, sum(part.unreadable for part in parts), ids, aliases)


def arrivals(scope: Scope, aliases: Iterable[Row]) -> list[Arrival]:
    """What such rows of a scope say."""
    return [
        Arrival(
            scope,
            Operation(row.accepted, row.alias_id, row.distinct_id, refused=row.refused),
            int(bytes(row.timestamp)),
        )
        for row in aliases
    ]


def _read(text: bytes) -> tuple[list[Row], int]:
    """The rows of some lines, and how many lines are none."""
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        return _row.decode_lines(text), 0
    rows, damaged = [], 0
    for line in text.splitlines(keepends=True):
        try:
            rows.append(_row.decode(line))
        except (msgspec.DecodeError, RecursionError):
            damaged += 1
    return rows, damaged
