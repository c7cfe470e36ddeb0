"""What aliases that wait to be rewritten cost a read."""

import statistics
import time
from collections.abc import Iterator
from typing import Final

from benchmarks import dataset
from benchmarks.reporting import Figure, Row
from whipstitch.core.projects import Scope
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.erasure.records import ErasureRecord
from whipstitch.identity.forest import Operation
from whipstitch.identity.linker import Linker
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.person_map import SETTLED, Persons
from whipstitch.identity.seal import Seal
from whipstitch.warehouse.connection import LOADING, QUERYING

_EVENTS: Final = 10_000_000
_SQL: Final = (
    "SELECT toStartOfDay(timestamp) AS day, count(), uniqExact({key}) FROM events "
    "WHERE project_id = {{project_id:String}} AND environment = {{environment:String}} "
    "AND timestamp >= toDateTime64({{from:String}}, 3, 'UTC') GROUP BY day"
)


def pending(short: bool) -> Iterator[Row]:
    """A read with so many aliases pending, over the same read with aliasing switched off, in turn.
    The links are made here, in ClickHouse: the server's stitcher must not rewrite them."""
    events, rounds = (50_000, 1) if short else (_EVENTS, 15)
    maps = PersonMaps()
    linker = Linker(maps, ErasureRecord(Seal(lambda: b"")), leads=lambda: 1, grace=0)
    with dataset.server(events, stitch_interval="86400") as running:
        scope = Scope(running.keys["project_id"], "live")
        values = {**scope._asdict(), "from": "2026-10-01 00:00:00"}
        loading = dataset.connect(running.data_dir, LOADING)
        querying = dataset.connect(running.data_dir, QUERYING)

        def read(persons: Persons) -> float:
            began = time.perf_counter()
            querying.query(_SQL.format(key=persons.key), values)
            return time.perf_counter() - began

        linker.catch_up(loading)
        for count, goal in ((0, 1.05), (1_000, 1.3), (100_000, 1.6)):
            linker.take(loading, list(_aliases(scope, min(count, events // 100))))
            with maps.hold() as known:
                read(known.of(scope))
                pairs = [(read(known.of(scope)), read(SETTLED)) for _ in range(rounds)]
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            milliseconds = statistics.median(ours for ours, _ in pairs) * 1000
            yield Row(
                f"unique people by day over 30 days, {count:,} pending, over aliasing off",
                f"{ratio:.2f} ({milliseconds:.0f} ms)",
                f"≤ {goal}",
                ratio <= goal,
            )
        loading.close()
        querying.close()


def _aliases(scope: Scope, count: int) -> Iterator[Arrival]:
    for number in range(count):
        alias = Operation(1 + number, f"user_{number * 4}", f"known_{number}")
        yield Arrival(scope, alias, 0, 0)


FIGURES: dict[str, Figure] = {"pending": pending}
