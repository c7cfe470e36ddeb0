"""The file of an export against the list of events."""

import asyncio
import csv
import io
import json
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.support.identity import START_MS, Rows

from whipstitch.analytics.events import events, export
from whipstitch.analytics.events.export import FORMATS, ExportQuery, Format
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import StorageError
from whipstitch.core.projects import Scope
from whipstitch.warehouse.sql import Sql
from whipstitch.warehouse.store import Store

_START = datetime.fromtimestamp(START_MS / 1000, UTC)
_RANGE = TimeRange(_START, _START + timedelta(minutes=1))


def _write(rows: Rows) -> None:
    """People in several states of the rewrite, and rows that are not to be exported."""
    rows.event("user", 1, anon_id="anon")
    rows.event("anon2", 2)
    rows.event("stranger", 3.25, name='odd "name"\\ \n\t\'é🧵,')
    rows.event("=cmd()", 4, name="@SUM(A1)")
    rows.link("anon", "user")
    rows.link("anon2", "user")
    rows.move("anon2", "user")
    rows.event("user", -1)
    rows.event("user", 60)
    rows.elsewhere(Scope("proj_a", "test")).event("user", 5)
    rows.elsewhere(Scope("proj_b", "live")).event("user", 5)


def _file(rows: Rows, format_: Format, **wanted: Any) -> bytes:
    async def read(reading: QuerySession) -> bytes:
        if "person" in wanted:
            wanted["person"] = await person_of(reading, wanted["person"])
        sql = export.build(ExportQuery(_RANGE, format_, **wanted), reading.persons)
        async with aclosing(reading.pour(sql, FORMATS[format_].clickhouse)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    return rows.read(read)


def _listed(rows: Rows) -> list[dict[str, Any]]:
    async def read(reading: QuerySession) -> events.EventsPage:
        query = events.EventsQuery(100, start=_RANGE.start, end=_RANGE.end)
        return events.shape(query, await reading.run(events.build(query, reading.persons)))

    page: list[dict[str, Any]] = json.loads(msgspec.json.encode(rows.read(read)))["events"]
    return sorted(page, key=lambda event: str(event["timestamp"]))


def _lines(file: bytes) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in file.decode().splitlines()]
    return sorted(found, key=lambda event: str(event["timestamp"]))


def test_a_line_is_an_event_as_the_list_has_it(rows: Rows) -> None:
    _write(rows)

    exported = _lines(_file(rows, "jsonl"))

    assert exported == _listed(rows)
    assert [list(event) for event in exported] == [list(event) for event in _listed(rows)]
    assert [event["distinct_id"] for event in exported] == ["user", "user", "stranger", "=cmd()"]
    assert [event["anon_id"] for event in exported] == ["anon", "anon2", "", ""]


def test_cells_hold_the_same_but_nothing_that_a_spreadsheet_computes(rows: Rows) -> None:
    _write(rows)

    text = _file(rows, "csv").decode()
    cells = sorted(csv.DictReader(io.StringIO(text, newline="")), key=lambda row: row["timestamp"])

    expected = _listed(rows)
    expected[3] |= {"event_name": "'@SUM(A1)", "distinct_id": "'=cmd()"}
    written = [
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in event.items()
        }
        for event in expected
    ]
    assert cells == written


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_begins_as_a_formula_may(rows: Rows, start: str) -> None:
    rows.event(f"{start}1+1", 1, name=f"{start}cmd()")

    text = _file(rows, "csv").decode()
    (cells,) = csv.DictReader(io.StringIO(text, newline=""))

    assert (cells["distinct_id"], cells["event_name"]) == (f"'{start}1+1", f"'{start}cmd()")


def test_parquet_is_one_file_with_typed_times(rows: Rows, store: Store) -> None:
    _write(rows)

    file = _file(rows, "parquet")

    found = store.query(
        "SELECT id, distinct_id, toUnixTimestamp64Milli(timestamp), properties "
        f"FROM format('Parquet', unhex('{file.hex()}')) ORDER BY timestamp"
    )
    assert [tuple(row) for row in found] == [
        (event["id"], event["distinct_id"], START_MS + second, "{}")
        for event, second in zip(_listed(rows), (1000, 2000, 3250, 4000), strict=True)
    ]


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [
        ({"event_name": "seen"}, ["01", "02"]),
        ({"person": "anon"}, ["01", "02"]),
        ({"person": "anon2"}, ["01", "02"]),
        ({"person": "stranger", "event_name": "seen"}, []),
    ],
)
def test_filters_narrow_it(rows: Rows, wanted: dict[str, str], seconds: list[str]) -> None:
    _write(rows)

    exported = _lines(_file(rows, "jsonl", **wanted))

    assert [event["timestamp"][17:19] for event in exported] == seconds


def test_an_empty_range_is_an_empty_file(rows: Rows) -> None:
    assert _file(rows, "jsonl") == b""
    assert _file(rows, "csv").count(b"\n") == 1
    assert _file(rows, "parquet").startswith(b"PAR1")


_ENDLESS = Sql("SELECT number FROM system.numbers", {})


def test_who_stops_reading_ends_the_query(rows: Rows, store: Store) -> None:
    async def read(reading: QuerySession) -> None:
        for _ in range(3):  # more than there are threads
            async with aclosing(reading.pour(_ENDLESS, "TSVRaw")) as chunks:
                assert (await anext(chunks)).startswith(b"0\n1\n2\n")

    rows.read(read)

    async def again(reading: QuerySession) -> bytes:
        async with aclosing(reading.pour(Sql("SELECT 'next'", {}), "TSVRaw")) as chunks:
            return b"".join([chunk async for chunk in chunks])

    assert rows.read(again) == b"next\n"
    running = (
        "SELECT count() FROM system.processes WHERE query LIKE 'SELECT number FROM system.numbers%'"
    )
    give_up = time.monotonic() + 30
    while store.query(running)[0][0]:
        assert time.monotonic() < give_up, "the query goes on"
        time.sleep(0.05)


def test_a_query_that_fails_on_its_way_is_an_error(rows: Rows) -> None:
    failing = Sql("SELECT intDiv(1, 3000000 - number) FROM numbers(3000001)", {})

    async def read(reading: QuerySession) -> int:
        count = 0
        try:
            async with aclosing(reading.pour(failing, "TSVRaw")) as chunks:
                async for chunk in chunks:
                    count += len(chunk)
        except StorageError:
            return count
        raise AssertionError("it did not fail")

    assert rows.read(read) > 0


def test_a_slow_reader_is_waited_for(rows: Rows) -> None:
    """ClickHouse stops at what a pipe holds."""
    long = Sql("SELECT number FROM numbers(300000)", {})

    async def read(reading: QuerySession) -> int:
        async with aclosing(reading.pour(long, "TSVRaw")) as chunks:
            first = len(await anext(chunks))
            await asyncio.sleep(0.2)
            return first + sum([len(chunk) async for chunk in chunks])

    assert rows.read(read) == sum(len(str(number)) + 1 for number in range(300_000))
