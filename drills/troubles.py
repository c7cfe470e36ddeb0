"""A ClickHouse server in trouble, and a disk that is full, while clients send."""

import time
from dataclasses import replace
from typing import Final, get_args

from tests.support.clickhouse import nameless, started, url_of
from tests.support.disks import full, small_disk
from tests.support.load import BATCH, HEAVY, SINGLE, Load
from tests.support.proxy import Mode, Proxy

from drills.place import EVERYBODY, Place, settle
from drills.tally import Tally
from whipstitch.warehouse.local.config import LocalSettings

_SECONDS: Final = 6.0
_TROUBLES: Final[tuple[Mode, ...]] = tuple(mode for mode in get_args(Mode) if mode != "ok")
_DISK: Final = 192 * 2**20
_FILES: Final = 100_000


def clickhouse_in_trouble(place: Place) -> Tally:
    """Each kind of trouble in turn, in an order that differs."""
    tally = Tally(noted=[f"{len(_TROUBLES)} kinds: {', '.join(_TROUBLES)}"])
    with (
        started(LocalSettings(place.directory / "clickhouse")) as clickhouse,
        nameless(replace(clickhouse.address, database="default")) as address,
        Proxy(address) as proxy,
        place.server("--clickhouse", url_of(proxy.address)) as server,
        Load(server, *EVERYBODY) as load,
    ):
        for mode in place.chance.sample(_TROUBLES, len(_TROUBLES)):
            load.wait_for(50)
            with proxy.behaving(mode):
                time.sleep(place.chance.uniform(0.5, _SECONDS))
                load.wait_for(20)
            server.wait_until(server.is_ready, 60)
        tally += settle(server, load)
        statuses = {request.status for request in load.requests}
        tally.expect(statuses == {200}, f"requests were answered {statuses}")
    return tally


def full_disk(place: Place) -> Tally:
    with (
        small_disk(place.directory / "data", _DISK, _FILES) as disk,
        place.server() as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        for _ in range(3):
            load.wait_for(100)
            with full(disk):
                load.wait_for(3, status=503)
                time.sleep(place.chance.uniform(0, 2))
            server.wait_until(server.is_ready, 60)
            load.wait_for(50)
        return settle(server, load)
