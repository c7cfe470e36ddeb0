"""Operations that come again: of those with one id, within the window, only one is stored.

ClickHouse keeps which number of acceptance an id was taken by (table ``operation_ids``), and that
is stored before the rows are. So an attempt that is repeated, in whatever pieces, finds its own
numbers and takes itself for no repeat; and of two operations with one id the one whose number is
there wins, or else the one that was accepted first."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from whipstitch.core.projects import Scope
from whipstitch.identity.arrivals import Named
from whipstitch.journal.rows import Row
from whipstitch.loader.id_filter import IdFilter
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.literals import literal

MOST_MARKED: Final = 200_000
"""Rows with ids that are looked up at once; a segment with more is split."""
_AT_ONCE: Final = 5_000
_DAY: Final = 24 * 60 * 60 * 1_000_000
_KINDS: Final = {"track": "track", "trait": "people", "alias": "alias"}
_KNOWN: Final = (
    "SELECT lower(hex(id)), groupUniqArray(accepted) FROM operation_ids WHERE id IN "
    "(SELECT toFixedString(unhex(arrayJoin(splitByChar(' ', {ids}))), 16)) GROUP BY id"
)
_DAYS_KEPT: Final = (
    "SELECT DISTINCT partition FROM system.parts "
    "WHERE database = currentDatabase() AND table = 'operation_ids' AND active"
)


class Marked(NamedTuple):
    """A row of an operation that has an id. ``once``: the id's digest; ``operation``: the number of
    the operation; ``accepted``: that of the row."""

    once: str
    operation: int
    accepted: int
    scope: Scope
    kind: str


Found = Mapping[tuple[Scope, str], int]
"""How many operations repeat others, by scope and by kind (track, people, alias)."""


class Decision(NamedTuple):
    """``taken``: ids and the numbers by which they are taken from now on. ``repeats``: those that
    come to nothing."""

    taken: Sequence[tuple[str, int]]
    repeats: Set[tuple[str, int]]


def mark_of(row: Row) -> Marked:
    scope = Scope(row.project_id, row.environment)
    return Marked(row.once, row.part_of or row.accepted, row.accepted, scope, _KINDS[row.k])


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
        scope: [row for row in said if row.accepted not in repeats]
        for scope, said in named.aliases.items()
    }
    return replace(named, aliases=aliases)


class Repeats:
    """Belongs to the thread that loads. ``days``: the window; ``told`` hears what was dropped."""

    def __init__(
        self,
        days: int,
        *,
        alone: bool = False,
        told: Callable[[Found], None] = lambda _: None,
    ) -> None:
        """``alone``: no other server stores ids, so that what was never seen here is new."""
        self._days = days
        self._alone = alone
        self._filter: IdFilter | None = None
        self._told = told
        self._tidied = ""

    def find(self, client: Client, marked: Sequence[Marked]) -> Set[int]:
        """The numbers of the rows that repeat operations. The ids of the others are taken on
        return."""
        arriving = {(one.once, one.operation) for one in marked}
        known = self._known(client, self._possible(client, {one.once for one in marked}))
        decision = decide(arriving, known, self._days * _DAY)
        if decision.taken:
            seen, self._filter = self._filter, None  # unless all of it is stored
            rows = b"".join(
                bytes.fromhex(once) + number.to_bytes(8, "little")
                for once, number in decision.taken
            )
            client.raw_insert("operation_ids", ["id", "accepted"], rows, fmt="RowBinary")
            if seen is not None:
                for once, _ in decision.taken:
                    seen.add(once)
            self._filter = seen
        self._tidy(client, min(number for _, number in arriving))
        repeats = decision.repeats
        if not repeats:
            return frozenset()
        return {one.accepted for one in marked if (one.once, one.operation) in repeats}

    def count(self, marked: Iterable[Marked], repeats: Set[int]) -> None:
        """Tells of repeats, once their neighbours are stored."""
        dropped = {
            (one.once, one.operation): (one.scope, one.kind)
            for one in marked
            if one.accepted in repeats
        }
        self._told(Counter(dropped.values()))

    def _possible(self, client: Client, ids: Collection[str]) -> Collection[str]:
        """Those that may be stored."""
        if not self._alone:
            return ids
        if self._filter is None or self._filter.is_full:
            self._filter = None  # the old one goes first
            self._filter = IdFilter.of_table(client)
        may_have = self._filter.may_have
        return [once for once in ids if may_have(once)]

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
