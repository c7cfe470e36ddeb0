"""What a segment holds, as far as loading it needs to know."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from whipstitch.core.projects import Environment, Scope
from whipstitch.identity.arrivals import Named
from whipstitch.journal.rows import Row, rows_of
from whipstitch.loader.insert_statements import KINDS, History, Kind, Span
from whipstitch.loader.repeats import MOST_MARKED, RowWithId, mark_of

_BEFORE_ALL: Final = 2**63
_READ_SIZE: Final = 32 * 1024
"""So little that the event loop does not wait for the interpreter meanwhile."""


@dataclass(frozen=True, slots=True)
class Contents:
    """``rows`` of each kind; ``span`` is that of the events; ``unreadable`` lines are neither rows
    nor the ends of groups; ``named``: who is in them."""

    rows: Counter[Kind]
    span: Span
    unreadable: int
    named: Named
    marked: Sequence[RowWithId] = ()
    """Rows of operations with an id; no more than one beyond ``MOST_MARKED``."""

    def without_aliases(self, scopes: Collection[Scope]) -> "Contents":
        """Without those of these scopes."""
        aliases = {scope: said for scope, said in self.named.aliases.items() if scope not in scopes}
        return replace(self, named=replace(self.named, aliases=aliases))


def contents(segment: Path, most: int | None = None) -> Contents:
    """Reads through ``segment`` once. Of a scope that has more than ``most`` aliases, no more than
    one of those beyond are in the result: there may be millions.

    Raises OSError."""
    kinds: dict[str, int] = {}
    first, last, unreadable = _BEFORE_ALL, 0, 0
    earliest, latest = _BEFORE_ALL, 0
    imported: set[str] = set()
    first_imported, last_imported = _BEFORE_ALL, -_BEFORE_ALL
    ids: defaultdict[tuple[str, Environment], set[str]] = defaultdict(set)
    aliases: defaultdict[tuple[str, Environment], list[Row]] = defaultdict(list)
    marked: list[RowWithId] = []
    with segment.open("rb") as file:
        while text := file.read(_READ_SIZE):
            text += file.readline()
            rows, damaged = rows_of(text)
            unreadable += damaged
            # One pass: there may be hundreds of thousands of rows, and the event loop waits for the
            # interpreter meanwhile.
            for row in rows:
                kind, accepted = row.k, row.accepted
                kinds[kind] = kinds.get(kind, 0) + 1
                if row.once and len(marked) <= MOST_MARKED:
                    marked.append(mark_of(row))
                if kind == "track":
                    received = row.received or accepted // 1000
                    if accepted < first:
                        first = accepted
                    if accepted > last:
                        last = accepted
                    if row.imported:
                        imported.add(row.id)
                        first_imported = min(first_imported, row.received)
                        last_imported = max(last_imported, row.received)
                    else:
                        if received < earliest:
                            earliest = received
                        if received > latest:
                            latest = received
                elif kind == "alias":
                    said = aliases[row.project_id, row.environment]
                    if most is None or len(said) <= most:
                        said.append(row)
                    continue
                if row.distinct_id:
                    ids[row.project_id, row.environment].add(row.distinct_id)
    history = None
    if imported:
        history = History(frozenset(imported), first_imported, last_imported)
    known = Counter({kind: kinds[kind] for kind in KINDS if kind in kinds})
    unreadable += sum(kinds.values()) - known.total() - kinds.get("commit", 0)
    return Contents(
        known,
        Span(min(first, last), last, min(earliest, latest), latest, history),
        unreadable,
        Named(
            {Scope(*scope): named for scope, named in ids.items()},
            {Scope(*scope): said for scope, said in aliases.items()},
            # The times of traits are not told.
            since=0 if known["trait"] else first,
        ),
        marked,
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
        for scope, named in part.named.ids.items():
            ids[scope] |= named
        for scope, said in part.named.aliases.items():
            aliases[scope] += said
    spans = [part.span for part in parts if part.rows["track"]]
    span = Span(
        min((one.first for one in spans), default=0),
        max((one.last for one in spans), default=0),
        min((one.earliest for one in spans), default=0),
        max((one.latest for one in spans), default=0),
        _history([one.history for one in spans if one.history]),
    )
    since = min(part.named.since for part in parts)
    unreadable = sum(part.unreadable for part in parts)
    marked = [one for part in parts for one in part.marked]
    return Contents(rows, span, unreadable, Named(ids, aliases, since), marked)


def _history(parts: Sequence[History]) -> History | None:
    if not parts:
        return None
    return History(
        frozenset().union(*(part.ids for part in parts)),
        min(part.earliest for part in parts),
        max(part.latest for part in parts),
    )
