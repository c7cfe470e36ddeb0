"""Operations that come again: of those with one id, within the window, only one is stored.

ClickHouse keeps which number of acceptance an id was taken by (table ``operation_ids``), and that
is stored before the rows are. So an attempt that is repeated, in whatever pieces, finds its own
numbers and takes itself for no repeat; and of two operations with one id the one whose number is
there wins, or else the one that was accepted first."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final, NamedTuple

import msgspec
import structlog

from whipstitch.core.projects import Environment, Scope
from whipstitch.identity.arrivals import Named
from whipstitch.journal.rows import Row
from whipstitch.loader.id_filter import IdFilter
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.literals import literal

log = structlog.get_logger(__name__)

MOST_MARKED: Final = 200_000
"""Rows with ids that are looked up at once; a segment with more is split."""
_AT_ONCE: Final = 5_000
_DAY: Final = 24 * 60 * 60 * 1_000_000
_row: Final = Struct("<16sQ").pack
_unhex: Final = bytes.fromhex
_KINDS: Final = {"track": "track", "trait": "people", "alias": "alias"}
_KNOWN: Final = (
    "SELECT lower(hex(id)), groupUniqArray(accepted) FROM operation_ids WHERE id IN "
    "(SELECT toFixedString(unhex(arrayJoin(splitByChar(' ', {ids}))), 16)) GROUP BY id"
)
_DAYS_KEPT: Final = (
    "SELECT DISTINCT partition FROM system.parts "
    "WHERE database = currentDatabase() AND table = 'operation_ids' AND active"
)


class RowWithId(msgspec.Struct, gc=False):
    """A row of an operation that has an id. ``once``: the id's digest; ``operation``: the number of
    the operation; ``accepted``: that of the row; ``k``: its kind in the journal."""

    once: str
    operation: int
    accepted: int
    project_id: str
    environment: Environment
    k: str


InBackground = Callable[[Callable[[Client], bool]], Future[bool]]
Found = Mapping[tuple[Scope, str], int]
"""How many operations repeat others, by scope and by kind (track, people, alias)."""


class Decision(NamedTuple):
    """``taken``: ids and the numbers by which they are taken from now on. ``repeats``: those that
    come to nothing."""

    taken: Sequence[tuple[str, int]]
    repeats: Set[tuple[str, int]]


def mark_of(row: Row) -> RowWithId:
    number, part_of = row.accepted, row.part_of
    return RowWithId(row.once, part_of or number, number, row.project_id, row.environment, row.k)


def decide(
    arriving: Iterable[tuple[str, int]], known: Mapping[str, Collection[int]], window: int
) -> Decision:
    """Which of some operations (id, number) repeat others, where ``known`` says which numbers took
    the ids before. ``window``: how far apart repeats may be, in the unit of the numbers."""
    taken: list[tuple[str, int]] = []
    repeats: set[tuple[str, int]] = set()
    taken_by: dict[str, list[int]] = {}
    for once, number in sorted(set(arriving)):
        numbers = taken_by.setdefault(once, list(known.get(once, ())))
        if number in numbers:
            continue  # an earlier attempt at the same row
        if any(abs(number - other) <= window for other in numbers):
            repeats.add((once, number))
        else:
            numbers.append(number)
            taken.append((once, number))
    return Decision(taken, repeats)


def without_repeats(named: Named, repeats: Set[int]) -> Named:
    """Without the aliases that repeat others."""
    if not repeats:
        return named
    aliases = {
        scope: [row for row in said if not (row.once and row.accepted in repeats)]
        for scope, said in named.aliases.items()
    }
    return replace(named, aliases=aliases)


class Repeats:
    """Belongs to the thread that loads. ``days``: the window; ``told`` hears what was dropped."""

    def __init__(
        self,
        days: int,
        *,
        in_background: InBackground | None = None,
        told: Callable[[Found], None] = lambda _: None,
    ) -> None:
        """``in_background`` does work beside what is loaded; None: other servers store ids, too, so
        that what was never seen here may not be new."""
        self._days = days
        self._in_background = in_background
        self._filter: IdFilter | None = None
        self._told = told
        self._tidied = ""

    def find(self, client: Client, marked: Sequence[RowWithId]) -> Set[int]:
        """The numbers of the rows that repeat operations. The ids of the others are taken on
        return."""
        # Nearly all ids are new: what is done with each of them counts.
        numbers: dict[str, int] = {}
        several: set[str] = set()
        for one in marked:
            if numbers.setdefault(one.once, one.operation) != one.operation:
                several.add(one.once)
        possible = self._possible(client, numbers)
        taken = list(numbers.items())
        repeats: Set[tuple[str, int]] = frozenset()
        if undecided := several.union(possible):
            arriving = {(one.once, one.operation) for one in marked if one.once in undecided}
            decision = decide(arriving, self._known(client, possible), self._days * _DAY)
            taken = [pair for pair in taken if pair[0] not in undecided]
            taken += decision.taken
            repeats = decision.repeats
        if taken:
            rows = b"".join([_row(_unhex(once), number) for once, number in taken])
            client.raw_insert("operation_ids", ["id", "accepted"], rows, fmt="RowBinary")
        self._tidy(client, min(numbers.values()))
        if not repeats:
            return frozenset()
        return {one.accepted for one in marked if (one.once, one.operation) in repeats}

    def count(self, marked: Iterable[RowWithId], repeats: Set[int]) -> None:
        """Tells of repeats, once their neighbours are stored."""
        dropped = {
            (one.once, one.operation): (Scope(one.project_id, one.environment), _KINDS[one.k])
            for one in marked
            if one.accepted in repeats
        }
        self._told(Counter(dropped.values()))

    def _possible(self, client: Client, ids: Collection[str]) -> Collection[str]:
        """Those that may be stored. All are in the filter on return: before they are stored, so
        that it misses none, whenever it is filled and whether or not they will be."""
        if self._in_background is None:
            return ids
        if self._filter is None or self._filter.is_full or self._filter.has_failed:
            self._filter = None  # the old one goes first
            self._filter = IdFilter.for_table(client)
            if not self._filter.is_complete:
                self._fill(self._filter, self._in_background)
        return self._filter.add(ids)

    def _fill(self, made: IdFilter, in_background: InBackground) -> None:
        """Part by part, so that other work in the background comes in between."""

        def filled(some: Future[bool]) -> None:
            if error := some.exception():
                log.warning("id_filter_not_made", problem=str(error))
                made.has_failed = True
            elif some.result() and made is self._filter:
                self._fill(made, in_background)

        in_background(made.fill_some).add_done_callback(filled)

    def _known(self, client: Client, ids: Collection[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        all_ids = sorted(ids)
        for start in range(0, len(all_ids), _AT_ONCE):
            some = literal(" ".join(all_ids[start : start + _AT_ONCE]))
            for once, numbers in client.query(_KNOWN.replace("{ids}", some)).result_rows:
                found[str(once)] = [int(number) for number in numbers]
        return found

    def _tidy(self, client: Client, oldest: int) -> None:
        """Drops the days of which nothing that is still to be loaded can repeat an operation.
        Segments are loaded in order, or nearly: one day more is kept."""
        moment = datetime.fromtimestamp(oldest / 1_000_000, UTC) - timedelta(days=self._days + 1)
        last = f"{moment:%Y%m%d}"
        if last <= self._tidied:
            return
        for (day,) in client.query(_DAYS_KEPT).result_rows:
            if day < last:
                client.command(f"ALTER TABLE operation_ids DROP PARTITION {int(day)}")
        self._tidied = last
