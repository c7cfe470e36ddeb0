"""Ranges and intervals in ClickHouse: the starts are ours, and rows find theirs."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from tests.support.reference import START, START_MS, Event, World, Worlds

from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Rows

_CLICKHOUSE = {
    "hour": "toStartOfHour(timestamp, {zone:String})",
    "day": "toStartOfDay(timestamp, {zone:String})",
    "week": "toStartOfWeek(timestamp, 1, {zone:String})",
    "month": "toStartOfMonth(timestamp, {zone:String})",
}


@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_a_row_lies_in_the_interval_that_clickhouse_gives_it_too(
    worlds: Worlds, interval: Interval, zone: str
) -> None:
    random = Random(0)  # noqa: S311
    range_ = TimeRange(START - timedelta(days=200), START + timedelta(days=200))
    length = int((range_.end - range_.start) / timedelta(milliseconds=1))
    first = int(range_.start.timestamp() * 1000) - START_MS
    times = [first, first - 1, first + length, first + length - 1]
    times += [first + random.randrange(length) for _ in range(300)]
    world = worlds.put(World([Event("seen", "ann", at) for at in times]))
    cut = intervals(range_, interval, ZoneInfo(zone))

    async def ask(reading: QuerySession) -> Rows:
        values = Parameters()
        columns = f"{cut.start_of_row(values)}, {cut.index_of_row(values)}"
        theirs = _CLICKHOUSE[interval].replace("{zone:String}", values.add(zone))
        return await reading.run(
            values.sql(
                f"SELECT toUnixTimestamp64Milli(timestamp), {columns}, toString({theirs}) "
                f"FROM events WHERE {IN_SCOPE} AND {range_.condition(values)}"
            )
        )

    rows = worlds.read(world.scope(), ask)

    assert len(rows) == len(times) - 2
    for at, start, index, theirs in rows:
        assert index == bisect_right(cut.starts, at) - 1
        assert start == cut.starts[index]
        local = datetime.fromtimestamp(start / 1000, UTC).astimezone(ZoneInfo(zone))
        assert f"{local:%Y-%m-%d %H:%M:%S}".startswith(theirs)
