"""Made-up traffic, made inside ClickHouse.

Six months of 20 kinds of events with ten properties each. One person in twenty events on average,
some much busier than others; ids are ``user_0`` …, sessions two hours at most."""

import contextlib
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.processes import Server
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.local import connection

FIRST_DAY: Final = "2026-05-01"
DAYS: Final = 184
NAMES: Final = (
    *("$pageview", "session_start", "button_clicked", "search", "product_viewed"),
    *("added_to_cart", "checkout_started", "checkout_completed", "signup_started"),
    *("signup_completed", "login", "logout", "video_played", "video_finished", "share"),
    *("comment", "settings_opened", "notification_opened", "error_shown", "feedback_sent"),
)
_BLOCK: Final = 1_000_000
"""Rows of one insert."""
_PATIENCE: Final = 600.0
"""Seconds that an insert may take."""
_SQL: Final = """\
INSERT INTO events (project_id, environment, event_name, timestamp, received_at, accepted, id,
    distinct_id, session_id, os, browser, city, country, timezone, lib_version,
    properties, properties_sent, default_properties, default_properties_sent)
WITH
    number + {start:UInt64} AS n,
    cityHash64(n) AS h,
    cityHash64(n, 1) AS g,
    toUInt64({people:UInt64} * pow((h % 1000003) / 1000003, 1.6)) AS who,
    toUnixTimestamp64Milli(toDateTime64({first:String}, 3, 'UTC')) + g % 1000000
        + intDiv(n * {milliseconds:UInt64}, {events:UInt64}) AS at,
    toJSONString(map(
        'plan', ['free', 'pro', 'team', 'enterprise'][1 + g % 4],
        '$pathname', concat('/', toString(h % 300)),
        'category', concat('category ', toString(g % 40)),
        'experiment', ['a', 'b'][1 + h % 2],
        '$referring_domain',
        ['www.google.com', '$direct', 'news.example', 'mastodon.social', 'github.com'][1 + h % 5]
    )) AS texts,
    toJSONString(map(
        'price', (h % 20000) / 100, 'quantity', h % 7, 'items', h % 9,
        'duration_ms', g % 60000, 'scroll', g % 100
    )) AS numbers,
    concat(substring(texts, 1, length(texts) - 1), ',', substring(numbers, 2)) AS sent
SELECT
    {project:String}, 'live',
    {names:Array(String)}[1 + toUInt8(20 * pow((g % 1009) / 1009, 2))],
    fromUnixTimestamp64Milli(toInt64(at), 'UTC'), fromUnixTimestamp64Milli(toInt64(at), 'UTC'),
    at * 1000 + n % 1000, concat('evt_', leftPad(toString(n), 21, '0')),
    concat('user_', toString(who)),
    concat('session_', toString(who), '_', toString(intDiv(at, 7200000))),
    ['ios', 'android', 'windows', 'darwin', 'linux'][1 + who % 5],
    ['Chrome', 'Safari', 'Firefox'][1 + who % 3],
    ['Paris', 'Berlin', 'Lyon', 'Rome'][1 + who % 4], ['FR', 'DE', 'FR', 'IT'][1 + who % 4],
    'Europe/Paris', 'web@1.0', sent, sent, '{}', '{}'
FROM numbers({rows:UInt64})"""

_SUMMED_UP: Final = """\
SELECT (SELECT max(accepted) FROM events)
    <= least((SELECT max(until) FROM activity_summaries), (SELECT max(until) FROM session_steps))"""


def connect(data: Path, settings: Mapping[str, int | str]) -> Client:
    """A client of the ClickHouse child that runs on a data directory."""
    address = connection.read(data / "clickhouse")
    assert address is not None, f"no ClickHouse has run in {data}"
    return address.connect(settings, seconds=_PATIENCE)


def await_summaries(data: Path) -> None:
    """Until the server that runs on a data directory has summed up all events that it found."""
    client = connect(data, {})
    give_up = time.monotonic() + _PATIENCE
    while not client.query(_SUMMED_UP).result_rows[0][0]:
        assert time.monotonic() < give_up, "the server has not summed up what it found"
        time.sleep(1)
    client.close()


def fill(data: Path, events: int) -> None:
    """Makes a data directory whose ``live`` project has so many events, with one person to twenty
    of them. A run of the benchmarks makes them once; afterwards it copies them."""
    shutil.copytree(_filled(events), data, symlinks=True)
    os.sync()  # else the disk has hundreds of megabytes of that to write meanwhile


@functools.cache
def _filled(events: int) -> Path:
    data = Path(_kept().name) / str(events)
    running = Server(data, core=None)
    try:
        client = connect(data, {})
        for start in range(0, events, _BLOCK):
            client.command(
                _SQL,
                {
                    "start": start,
                    "rows": min(_BLOCK, events - start),
                    "events": events,
                    "people": events // 20,
                    "first": FIRST_DAY,
                    "milliseconds": DAYS * 86_400_000,
                    "names": list(NAMES),
                    "project": running.keys["project_id"],
                },
            )
        while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
            time.sleep(0.5)
        client.close()
    finally:
        running.stop()
    return data


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Gone when the process ends."""
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


@contextlib.contextmanager
def server(events: int, **settings: str) -> Iterator[Server]:
    """A server on a data directory of its own that has so many events."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        fill(data, events)
        running = Server(data, core=None, settings=settings)
        try:
            yield running
        finally:
            running.stop()
