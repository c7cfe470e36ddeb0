"""What it takes to know tens of millions of message ids: ClickHouse's memory and the server's, the
disk, and the time of the loader's look at a segment.

``python -m benchmarks.repeats --ids 50000000`` starts a ClickHouse of its own in a directory that
goes in the end. The ids are spread over three days, some hundred inserts a day."""

import argparse
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from statistics import median

from whipstitch.loader.repeats import InBackground, Repeats, RowWithId
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store

_DAY = 86_400_000_000
_DAYS = 3
_INSERTS = 100
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
            before, own = tracked(child), resident()
            store.run_on_writer(lambda client: fill(client, ids)).result()
            in_background = store.run_in_background
            for marks in (1_000, 20_000):
                store.run_on_writer(partial(looks, marks=marks, background=in_background)).result()
            parts, rows, disk, index = store.query(_SIZES)[0]
            print(f"{rows:,} ids in {parts} parts: {disk / 1e6:,.0f} MB on disk, ")
            print(f"index in ClickHouse's memory: {index / 1e6:,.1f} MB")
            print(f"ClickHouse, in all: {before / 1e6:,.0f} → {tracked(child) / 1e6:,.0f} MB")
            print(f"server's part, with its filter: {own / 1e6:,.0f} → {resident() / 1e6:,.0f} MB")
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


def looks(client: Client, marks: int, background: InBackground) -> None:
    """How long segments of so many new ids take, one a second as after a start, while the filter
    is made and then."""
    parts: list[Future[bool]] = []

    def noted(work: Callable[[Client], bool]) -> Future[bool]:
        parts.append(background(work))
        return parts[-1]

    repeats = Repeats(_DAYS, in_background=noted)
    meanwhile: list[float] = []
    then: list[float] = []
    started = time.perf_counter()
    made = 0.0
    while len(then) < 10:
        number = time.time_ns() // 1000
        marked = [
            RowWithId(secrets.token_hex(16), number + one, number + one, "proj_a", "live", "track")
            for one in range(marks)
        ]
        began = time.perf_counter()
        repeats.find(client, marked)
        took = time.perf_counter() - began
        (then if made else meanwhile).append(took)
        if not made and parts and parts[-1].done() and not parts[-1].result():
            made = time.perf_counter() - started
        time.sleep(0.0 if made else max(0.0, 1.0 - took))
    print(f"{marks:>7,} new ids of a segment: {median(then) * 1000:,.0f} ms; ", end="")
    print(f"while the filter is made ({made:.1f} s): {median(meanwhile) * 1000:,.0f} ms, ", end="")
    print(f"at most {max(meanwhile) * 1000:,.0f} ms")


def resident() -> int:
    """Bytes of this process, which does what the server does."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


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
