"""Files that are not what was written, and a clock that was ahead."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from tests.support.clickhouse import nameless, started, url_of
from tests.support.load import BATCH, SINGLE, Load
from tests.support.proxy import Proxy
from tests.support.server import Server

from drills.place import Place, settle
from drills.tally import Tally
from whipstitch.journal.groups import whole_groups
from whipstitch.warehouse.local.config import LocalSettings

_AHEAD: Final = timedelta(hours=3)
_SLACK: Final = timedelta(minutes=5)
_START_SECONDS: Final = 20


def flipped_bits_in_the_journal(place: Place) -> Tally:
    """In segments that wait for ClickHouse. What cannot be read is kept aside, and nothing else."""
    with (
        started(LocalSettings(place.directory / "clickhouse")) as clickhouse,
        nameless(replace(clickhouse.address, database="default")) as address,
        Proxy(address) as proxy,
        place.server("--clickhouse", url_of(proxy.address)) as server,
    ):
        with proxy.behaving("refuse"), Load(server, SINGLE, BATCH) as load:
            load.wait_for(300)
            load.stop()
            server.kill()
        damaged: set[str] = set()
        for segment in _segments(server.data_dir / "journal"):
            damaged |= _damage_group(segment, place.chance)
        server.start(wait=False)
        server.wait_until(lambda: server.metric("whipstitch_journal_bytes") == 0, 60)
        tally = settle(server, load)
        tally.noted.append("rows of damaged groups are set aside as bytes")
        lost = _lost(server, load) & damaged
        tally.lost -= len(lost)
        tally.set_aside += len(lost)
        told = "damage" in server.log or "checksum" in server.log
        tally.expect(told or not damaged, "the log says nothing of the damage")
        tally.expect("Traceback" not in server.log, "a traceback is in the log")
        return tally


def flipped_bits_elsewhere(place: Place) -> Tally:
    """In a file of another kind each time: the server starts with all that it had, or says what is
    wrong with which file."""
    with place.server() as server:
        with Load(server, SINGLE, BATCH) as load:
            load.wait_for(100)
            load.stop()
        tally = settle(server, load)
        server.kill()
        kind = place.chance.choice(sorted(_KINDS))
        files = [file for file in _KINDS[kind](server.data_dir) if file.stat().st_size]
        if not files:
            return tally
        file = place.chance.choice(files)
        _flip(file, place.chance.randrange(file.stat().st_size), place.chance)
        log = len(server.log)
        try:
            server.start(wait=False)
            _wait_for_word(server)
            whole = server.is_ready() and settle(server, load).passed
            told = server.get("/ready").text if not whole else ""
        except AssertionError as error:  # it would not start
            whole, told = False, str(error)
        said = told + server.log[log:]
        tally.expect(whole or _explains(said), f"{kind}: neither whole nor explained")
        tally.expect("Traceback" not in said, f"{kind}: a traceback")
        return tally


def clock_ahead_and_back(place: Place) -> Tally:
    """As if the clock had been three hours ahead until the server was killed."""
    with place.server() as server:
        with Load(server, SINGLE, BATCH) as load:
            load.wait_for(100)
        server.kill()
        ahead = datetime.now(UTC) + _AHEAD
        number = int(ahead.timestamp() * 1_000_000)
        (server.data_dir / "journal" / "last-number").write_text(str(number))
        server.start()
        with Load(server, SINGLE, BATCH) as later:
            later.wait_for(100)
        later.requests += load.requests
        tally = settle(server, later)
        latest = server.events(event_name=SINGLE.name)[0]
        for name in ("timestamp", "received_at"):
            moment = datetime.fromisoformat(latest[name])
            tally.expect(moment < datetime.now(UTC) + _SLACK, f"{name} is in the future")
        return tally


def _segments(journal: Path) -> list[Path]:
    return sorted([*journal.glob("*.jsonl"), *journal.glob("*.open")])


def _damage_group(segment: Path, chance: Random) -> set[str]:
    """Flips a bit in the rows of one group; returns the tags of the group."""
    text = segment.read_bytes()
    groups = list(whole_groups(text))
    if not groups:
        return set()
    group = chance.choice(groups)
    lines = text[group.start : group.end].splitlines()[:-1]
    _flip(segment, chance.randrange(group.start, group.start + sum(map(len, lines))), chance)
    return {msgspec.json.decode(line)["properties"]["tag"] for line in lines}


def _lost(server: Server, load: Load) -> set[str]:
    stored = {
        event["properties"]["tag"]
        for client in (SINGLE, BATCH)
        for event in server.events(event_name=client.name)
    }
    return {tag for one in load.answers(200) for tag in one.tags} - stored


def _flip(file: Path, at: int, chance: Random) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 1 << chance.randrange(8)]))


def _wait_for_word(server: Server) -> None:
    """Until it is ready, or has had its time to say why not."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and not server.is_ready():
        time.sleep(0.1)


def _explains(said: str) -> bool:
    return any(word in said.lower() for word in ("cannot", "damaged", "broken", "checksum", "set"))


_KINDS: Final[dict[str, Callable[[Path], list[Path]]]] = {
    "part": lambda data: list((data / "clickhouse" / "store").rglob("*.bin")),
    "part's checksums": lambda data: list((data / "clickhouse" / "store").rglob("checksums.txt")),
    "definition": lambda data: list((data / "clickhouse").rglob("*.sql")),
    "registry": lambda data: [data / "registry.db"],
    "remembered registry": lambda data: list(data.glob("directory.json")),
    "connection": lambda data: list(data.rglob("connection.json")),
    "last number": lambda data: list((data / "journal").glob("last*")),
}
