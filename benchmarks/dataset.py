"""Made-up traffic, made inside ClickHouse:
``python -m benchmarks.dataset CHDB_URL PROJECT EVENTS``.

Six months of 20 kinds of events with ten properties each. One person in twenty events on average,
some much busier than others; ids are ``user_0`` …, sessions two hours at most."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from benchmarks.processes import Server
from whipstitch.storage.store import Store

FIRST_DAY: Final = "2026-05-01"
DAYS: Final = 184
NAMES: Final = (
    *("page_view", "session_start", "button_clicked", "search", "product_viewed"),
    *("added_to_cart", "checkout_started", "checkout_completed", "signup_started"),
    *("signup_completed", "login", "logout", "video_played", "video_finished", "share"),
    *("comment", "settings_opened", "notification_opened", "error_shown", "feedback_sent"),
)
_BLOCK: Final = 1_000_000
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
        'url', concat('https://shop.example/', toString(h % 300)),
        'category', concat('category ', toString(g % 40)),
        'experiment', ['a', 'b'][1 + h % 2],
        'referrer', ['google', 'direct', 'newsletter', 'mastodon', 'github'][1 + h % 5]
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


def fill(client: Client, project: str, events: int) -> None:
    """Adds that many events, with one person to twenty of them."""
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
                "project": project,
            },
        )
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        time.sleep(0.5)


def on(data: Path, events: int, **settings: str) -> Server:
    """A server on an empty data directory that has them, as its own ``live`` project's."""
    running = Server(data, core=None)
    running.stop()
    url, project = f"chdb://{data}/clickhouse", running.keys["project_id"]
    command = [sys.executable, "-m", "benchmarks.dataset", url, project, str(events)]
    subprocess.run(command, check=True)
    return Server(data, core=None, **settings)


@contextlib.contextmanager
def server(events: int) -> Iterator[Server]:
    """The same for as long as the context."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        running = on(Path(directory) / "data", events)
        os.sync()  # else the disk has hundreds of megabytes of that to write meanwhile
        try:
            yield running
        finally:
            running.stop()


def main(url: str, project: str, events: str) -> None:
    store = Store.open(url, durable=False, retention_days=0)
    store.beside_loading(lambda client: fill(client, project, int(events))).result()
    store.close()
    # What the engine does at a process's end is slow.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
