"""``kill -9`` of each process, at a moment that is aimed at and differs each time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tests.support import processes
from tests.support.load import BATCH, HUGE, SINGLE, Load
from tests.support.people import Devices
from tests.support.server import Server

from drills.place import EVERYBODY, Place, settle
from drills.tally import Tally

_KILLS: Final = 4
_MOST_SAID: Final = 300
_NEVER: Final = "3600"
"""Seconds between two rewrites: they happen when they are asked for."""


def server_under_load(place: Place) -> Tally:
    with place.server() as server, Load(server, *EVERYBODY) as load:
        for _ in range(_KILLS):
            load.wait_for(place.chance.randrange(20, 800))
            server.kill()
            server.start()
        load.wait_for(1, name=HUGE.name)
        return settle(server, load)


def server_while_it_starts(place: Place) -> Tally:
    """From before it listens until its ClickHouse is there."""
    with place.server() as server, Load(server, *EVERYBODY) as load:
        load.wait_for(100)
        for _ in range(_KILLS):
            server.kill()
            server.start(wait=False)
            time.sleep(place.chance.uniform(0, 2))
        server.kill()
        server.start()
        return settle(server, load)


def clickhouse_under_load(place: Place) -> Tally:
    with _steady(place.server()) as server, Load(server, *EVERYBODY) as load:
        for _ in range(_KILLS):
            load.wait_for(place.chance.randrange(20, 800))
            server.kill_clickhouse(wait=False)
        return settle(server, load)


def clickhouse_in_a_first_start(place: Place) -> Tally:
    """While the tables are made."""
    with _steady(place.server(wait=False)) as server, Load(server, SINGLE, BATCH) as load:
        for _ in range(_KILLS):
            server.clickhouse()
            time.sleep(place.chance.uniform(0, 1))
            server.kill_clickhouse(wait=False)
        return settle(server, load)


def bulk_worker(place: Place) -> Tally:
    """The process that admits the largest bodies."""
    with _steady(place.server()) as server, Load(server, HUGE, HUGE, BATCH) as load:
        load.wait_for(1, name=HUGE.name)
        for _ in range(_KILLS):
            time.sleep(place.chance.uniform(0, 0.5))
            server.wait_until(lambda: bool(processes.heavy_workers(server.process.pid)))
            processes.kill(processes.heavy_workers(server.process.pid))
            load.wait_for(1, name=HUGE.name)
        return settle(server, load)


def in_a_rewrite(place: Place) -> Tally:
    return _among_people(place, lambda devices, _: devices.rewrite())


def in_an_erasure(place: Place) -> Tally:
    return _among_people(place, lambda devices, number: devices.erase(f"user_{number}"))


def _among_people(place: Place, begin: Callable[[Devices, int], object]) -> Tally:
    """Kills ClickHouse and the server in turn, shortly after something began; in the end every
    person that is left is whole."""
    tally = Tally()
    with place.server(STITCH_INTERVAL=_NEVER) as server:
        devices = Devices(server)
        expected = devices.send()
        tally.answered = sum(expected.values())
        for number in range(_KILLS):
            begin(devices, number)
            time.sleep(place.chance.choice([0.0, 0.05, 0.2, 0.5]) * place.chance.random())
            if number % 2:
                server.kill()
                server.start()
            else:
                server.kill_clickhouse()
            devices.settle()
            expected = {name: n for name, n in expected.items() if name not in devices.erased}
            found = devices.totals()
            wrong = sorted(expected.items() ^ found.items())
            tally.expect(not wrong, f"people who are not whole, or not gone: {wrong}"[:_MOST_SAID])
    return tally


@contextmanager
def _steady(server: Server) -> Iterator[Server]:
    """Its own process must not end."""
    with server:
        process = server.process
        yield server
        if server.process is not process or process.poll() is not None:
            raise AssertionError("the server ended")
