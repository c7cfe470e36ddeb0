"""What aliases that wait to be rewritten cost a read, and what one costs that is linked."""

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
from whipstitch.warehouse.client import Client
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
        linker.settle(loading, maps.current.number)
        yield _linked(loading, linker, scope, *((1_000, 2) if short else (100_000, 25)))
        loading.close()
        querying.close()


def _aliases(scope: Scope, count: int) -> Iterator[Arrival]:
    for number in range(count):
        alias = Operation(1 + number, f"user_{number * 4}", f"known_{number}")
        yield Arrival(scope, alias, 0, 0)


def _linked(loading: Client, linker: Linker, scope: Scope, ids: int, rounds: int) -> Row:
    """An alias that gives somebody who has so many ids another one: from what is stored of them to
    the next generation of the person map. The server's own statements count, too."""

    def join(first: int, count: int) -> list[Arrival]:
        return [
            Arrival(scope, Operation(10**6 + number, f"device_{number}", "a hub"), 0, 0)
            for number in range(first, first + count)
        ]

    linker.take(loading, join(0, ids))
    linker.settle(loading, 2**63)
    times = []
    before = _statements(loading)
    for number in range(ids, ids + rounds):
        began = time.perf_counter()
        linker.take(loading, join(number, 1))
        times.append(time.perf_counter() - began)
    statements = (_statements(loading) - before) / rounds
    seconds = statistics.median(times)
    return Row(
        f"an alias for somebody with {ids:,} ids is linked",
        f"{seconds * 1000:.0f} ms, {statements:.1f} statements",
        "≤ 50 ms",
        seconds <= 0.05,
    )


def _statements(client: Client) -> int:
    sql = "SELECT value FROM system.events WHERE event = 'Query'"
    return int(client.query(sql).result_rows[0][0])


FIGURES: dict[str, Figure] = {"pending": pending}
