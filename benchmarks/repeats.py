"""What it takes to know tens of millions of message ids: ClickHouse's memory, the disk, and the
time of the loader's look at a segment.

``python -m benchmarks.repeats --ids 50000000`` starts a ClickHouse of its own in a directory that
goes in the end. The ids are spread over three days, some hundred inserts a day."""

import argparse
import secrets
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from whipstitch.core.projects import Scope
from whipstitch.loader.repeats import Marked, Repeats
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store

_DAY = 86_400_000_000
_DAYS = 3
_INSERTS = 100
_SCOPE = Scope("proj_a", "live")
_FILL = (
    "INSERT INTO operation_ids SELECT unhex(hex(MD5(toString(number)))), "
    "{begin:UInt64} + number FROM numbers({start:UInt64}, {rows:UInt64})"
)
_SIZES = (
    "SELECT count(), sum(rows), sum(bytes_on_disk), sum(primary_key_bytes_in_memory_allocated) "
    "FROM system.parts WHERE database = currentDatabase() AND table = 'operation_ids' AND active"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, default=5_000_000)
    ids = parser.parse_args().ids
    with tempfile.TemporaryDirectory() as directory:
        child = LocalClickHouse(LocalSettings(Path(directory) / "clickhouse"))
        child.start()
        child.wait_ready(60)
        store = Store(child, durable=True, retention_days=0)
        try:
            store.prepare().result()
            before = tracked(child)
            store.run_on_writer(lambda client: fill(client, ids)).result()
            for marks in (1_000, 20_000):
                seconds = store.run_on_writer(partial(looks, marks=marks)).result()
                print(f"{marks:>7,} new ids of a segment: {seconds * 1000:,.0f} ms")
            parts, rows, disk, index = store.query(_SIZES)[0]
            print(f"{rows:,} ids in {parts} parts: {disk / 1e6:,.0f} MB on disk, ")
            print(f"index in ClickHouse's memory: {index / 1e6:,.1f} MB")
            print(f"ClickHouse, in all: {before / 1e6:,.0f} → {tracked(child) / 1e6:,.0f} MB")
        finally:
            store.close()
            child.stop()


def fill(client: Client, ids: int) -> None:
    begin = time.time_ns() // 1000 - (_DAYS - 1) * _DAY
    rows = ids // (_DAYS * _INSERTS)
    for day in range(_DAYS):
        for number in range(_INSERTS):
            start = (day * _INSERTS + number) * rows
            values = {"begin": begin + day * _DAY - start, "start": start, "rows": rows}
            client.command(_FILL, values)


def looks(client: Client, marks: int) -> float:
    """Seconds that a segment of so many new ids takes, in the middle of ten."""
    repeats = Repeats(_DAYS, alone=True)
    began = time.perf_counter()
    repeats.find(
        client, [Marked(secrets.token_hex(16), now := time.time_ns() // 1000, now, _SCOPE, "track")]
    )
    print(f"the filter is made in {time.perf_counter() - began:.1f} s")
    took = []
    for _ in range(10):
        number = time.time_ns() // 1000
        marked = [
            Marked(secrets.token_hex(16), number + one, number + one, _SCOPE, "track")
            for one in range(marks)
        ]
        began = time.perf_counter()
        repeats.find(client, marked)
        took.append(time.perf_counter() - began)
    return median(took)


def tracked(child: LocalClickHouse) -> int:
    """Bytes that ClickHouse says it has."""
    address = child.address
    client = address.connect({}, seconds=60)
    try:
        query = "SELECT value FROM system.metrics WHERE metric = 'MemoryTracking'"
        return int(client.query(query).result_rows[0][0])
    finally:
        client.close()


if __name__ == "__main__":
    main()
