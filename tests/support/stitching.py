"""One node's part in identity, as a server puts it together: a storage whose loads link, and a
stitcher that rewrites when a test asks for it."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.support.cluster import CLUSTER, place_of
from tests.support.segments import START_MS, event, write_segment

from whipstitch.analytics.people import activity_summaries
from whipstitch.analytics.people.activity import by_person
from whipstitch.analytics.people.activity_summaries import StoredSummary
from whipstitch.analytics.sessions import piece_steps
from whipstitch.analytics.sessions.piece_steps import MadeStep
from whipstitch.core.projects import Scope
from whipstitch.identity import rewrite
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.erasure.records import ErasureRecord
from whipstitch.identity.leadership import Leadership
from whipstitch.identity.linker import Linker
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.person_map import PersonMap
from whipstitch.identity.rewrite import RewriteStep
from whipstitch.identity.seal import Seal
from whipstitch.identity.stitcher import Stitcher
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.maintenance import retention
from whipstitch.warehouse.sql import IN_SCOPE
from whipstitch.warehouse.store import Store

LIVE: Final = Scope("proj_a", "live")
"""Where the rows of ``tests.support.segments`` are."""
_NEVER: Final = 1e6
_SECONDS: Final = 30.0
_segments = itertools.count(1)
_events = itertools.count(1_000_000)


def accepted(number: int) -> int:
    """The acceptance of the row with this number."""
    return START_MS * 1000 + number


def seen(id_: str, **fields: Any) -> bytes:
    """The line of an event of somebody. Each is another event."""
    return event(next(_events), distinct_id=id_, **fields)


class Node:
    """A store at ``address``, linked and rewritten; segments are written into ``directory``.
    ``leads`` replaces the lease: by default the node is alone. ``secret`` is the registry's."""

    def __init__(
        self,
        address: Address,
        directory: Path,
        *,
        leads: Callable[[], int] = lambda: 1,
        leadership: Leadership | None = None,
        interval: float = _NEVER,
        grace: int = 0,
        secret: bytes = b"shared",
    ) -> None:
        self._leads, self._leadership = leads, leadership
        self._interval, self._grace = interval, grace
        self._directory = directory
        self._started = False
        self.record = ErasureRecord(Seal(lambda: secret))
        self.acceptance = Acceptance()
        self._make()
        self.store = Store(
            place_of(address),
            durable=False,
            retention_days=0,
            bring_up=self._bring_up,
        )
        self.stitcher = self._new_stitcher()

    def start(self) -> None:
        """As a server starts: links what an earlier process left, and lets the stitcher run."""
        self._started = True
        self.stitcher.start()
        until(lambda: self.maps.problem is None or self.stitcher.problem)
        assert self.stitcher.problem is None
        self.link(lambda _: None)  # when catching up has ended

    def restart(self) -> None:
        """As a new process on the same tables."""
        self.stitcher.stop(_SECONDS)
        self._make()
        self.stitcher = self._new_stitcher()
        self.start()

    def close(self) -> None:
        if self._started:
            self.stitcher.stop(_SECONDS)
        self.store.close()

    def load(self, *lines: bytes) -> None:
        """Loads a segment of these lines."""
        segment = write_segment(self._directory, lines, next(_segments))
        inserts = Inserts(self.store, self.linker, self.acceptance)
        inserts.load([segment], segment.stem, contents(segment))

    def link(self, work: Callable[[Client], Any]) -> Any:
        """Does ``work`` where segments are loaded."""
        return self.store.run_on_writer(work).result()

    def take(self, arrivals: Sequence[Arrival]) -> None:
        self.link(lambda client: self.linker.take(client, arrivals))

    def catch_up(self) -> None:
        self.link(self.linker.catch_up)

    def undo(self, alias_id: str, number: int, scope: Scope = LIVE) -> bool:
        return self.stitcher.undo(scope, alias_id, accepted(number)).result()

    def rewrite(self) -> None:
        """Asks for a run and waits for its end."""
        runs = self.stitcher.stats.runs
        self.stitcher.rewrite_now()
        until(lambda: self.stitcher.stats.runs > runs or self.stitcher.problem)
        assert self.stitcher.problem is None

    def steps(self) -> list[RewriteStep]:
        """What a run would do now."""
        known = self.maps.current
        return self.store.run_in_background(lambda client: rewrite.steps(client, known)).result()

    def take_steps(self, steps: Sequence[RewriteStep] | None = None) -> None:
        """Does that, or some of it, and no more."""
        known = self.maps.current
        for step in self.steps() if steps is None else steps:
            self.store.run_in_background(partial(rewrite.take, known=known, step=step)).result()

    def summarize(self, rows: int = 0, **options: Any) -> bool:
        """Sums all events up, if more than ``rows`` came since the last time. Whether it did."""
        made = self.make_summary(rows, **options)
        return made is not None and self.publish(made)

    def make_summary(self, rows: int = 0, **options: Any) -> StoredSummary | None:
        """One that is to be published, of all rows."""
        newest = self.store.query("SELECT max(accepted) FROM events")[0][0]
        self.acceptance.reached(newest, self.acceptance.look())
        making = partial(
            activity_summaries.make, watermark=self.acceptance.current(), rows=rows, **options
        )
        return self.store.run_in_background(making).result()

    def publish(self, made: StoredSummary) -> bool:
        """Whether it is in force then."""
        current = self.acceptance.current
        return bool(self.link(partial(activity_summaries.publish, made=made, current=current)))

    def sum_sessions_up(self, **options: Any) -> bool:
        """Takes a step, if there is anything to do. Whether it did."""
        made = self.make_session_step(**options)
        return made is not None and self.put_in_force(made)

    def make_session_step(self, **options: Any) -> MadeStep | None:
        """One that is to be put in force, of all rows."""
        newest = self.store.query("SELECT max(accepted) FROM events")[0][0]
        self.acceptance.reached(newest, self.acceptance.look())
        making = partial(
            piece_steps.make, watermark=self.acceptance.current(), **{"events": 0, **options}
        )
        return self.store.run_in_background(making).result()

    def put_in_force(self, made: MadeStep) -> bool:
        """Whether it is then."""
        current = self.acceptance.current
        return bool(self.link(partial(piece_steps.publish, made=made, current=current)))

    def active(self, scope: Scope = LIVE) -> Counter[str]:
        """How many events of whom the last summary has, and what came since."""
        summary = self.store.run_in_background(activity_summaries.latest).result()
        with self.maps.hold() as held:
            values = {
                **scope._asdict(),
                "generation": held.number,
                "summary": summary.number,
                "since": summary.until,
            }
            rows = self.store.query(f"SELECT who, events FROM ({by_person('1')})", values)
        return Counter({row[0]: row[1] for row in rows})

    def shown(
        self, scope: Scope = LIVE, generation: PersonMap | None = None
    ) -> Counter[tuple[str, str]]:
        """How many events a read shows with which ``distinct_id`` and ``anon_id``. People by their
        key are the same people."""
        with self.maps.hold(generation) as held:
            persons = held.of(scope)
            rows = self.store.query(
                f"SELECT {persons.id}, {persons.anon_id}, {persons.key}, "
                f"cityHash64({persons.id}), count() FROM events WHERE {IN_SCOPE} GROUP BY ALL",
                scope._asdict(),
            )
        assert all(key == hashed for _, _, key, hashed, _ in rows)
        return Counter({(person, anon_id): count for person, anon_id, _, _, count in rows})

    def stored(self, scope: Scope = LIVE) -> Counter[tuple[str, str]]:
        """How many rows have which ``distinct_id`` and ``anon_id``."""
        rows = self.store.query(
            f"SELECT distinct_id, anon_id, count() FROM events WHERE {IN_SCOPE} GROUP BY ALL",
            scope._asdict(),
        )
        return Counter({(distinct_id, anon_id): count for distinct_id, anon_id, count in rows})

    def ids(self, scope: Scope = LIVE) -> dict[str, tuple[str, str, int]]:
        """Parent, person and acceptance of every id that has a parent."""
        rows = self.store.query(
            f"SELECT id, parent, person, since FROM person_ids FINAL WHERE {IN_SCOPE}",
            scope._asdict(),
        )
        return {id_: (parent, person, since) for id_, parent, person, since in rows}

    def pending(self) -> int:
        """How many moves wait."""
        return self.count("person_moves")

    def count(self, table: str) -> int:
        return int(self.store.query(f"SELECT count() FROM {table}")[0][0])

    def change_events(self, sql: str) -> None:
        """Has a statement that changes ``events`` done, wherever its rows are."""

        def change(client: Client) -> None:
            for shard in client.one_of_each_shard():
                shard.command(sql.replace(" events", f" {shard.events}"))

        self.store.run_in_background(change).result()

    def generations(self) -> list[str]:
        """The tables of person maps that have to stay, as statements name them."""
        self.link(self.linker.old_maps)
        return self.map_tables()

    def map_tables(self) -> list[str]:
        """All that there are."""
        database = "concat(currentDatabase(), '.')" if CLUSTER else "''"
        sql = (
            f"SELECT concat({database}, name) FROM system.tables "
            "WHERE database = currentDatabase() AND startsWith(name, 'person_map_') ORDER BY name"
        )
        return [name for (name,) in self.store.query(sql)]

    def _bring_up(self, client: Client) -> None:
        self.acceptance.join()
        self.acceptance.summarized(retention.summarized_until(client))
        self.linker.bring_up(client)

    def _make(self) -> None:
        self.maps = PersonMaps()
        leads = self._leadership or self._leads
        self.linker = Linker(self.maps, self.record, leads=leads, grace=self._grace)

    def _new_stitcher(self) -> Stitcher:
        return Stitcher(
            self.store,
            self.linker,
            self.maps,
            self._leadership or Leadership(None),
            interval=self._interval,
            grace=self._grace,
            clustered=bool(CLUSTER),
        )


@contextmanager
def started_node(address: Address, directory: Path, **options: Any) -> Iterator[Node]:
    """A node that has started."""
    made = Node(address, directory, **options)
    try:
        made.start()
        yield made
    finally:
        made.close()


def until(condition: Callable[[], object]) -> None:
    """Waits for ``condition``; the deadline only ends a test that would wait for ever."""
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
