"""The history of one storage, moved into another that takes traffic meanwhile, by a process that is
killed again and again."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.support.clickhouse import Schema
from tests.support.command import run
from tests.support.segments import START_MS, alias, event, trait
from tests.support.stitching import LIVE, Node, seen, started_node

from whipstitch.core.errors import HistoryError
from whipstitch.ingest.history.journal import JournalWriter
from whipstitch.ingest.history.moving import HistoryMove
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse import other_server
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.other_server import OtherServer

MONTH_MS = 31 * 86_400_000
LATER = 500_000
"""The numbers of what the other storage takes itself."""
EVENTS = (
    "SELECT id, sent_id, event_name, timestamp, received_at, accepted, session_id, os, bot, "
    "country, properties_sent, toJSONString(properties), default_properties_sent "
    f"FROM events WHERE accepted < {START_MS * 1000 + LATER} ORDER BY id"
)
TRAITS = (
    "SELECT distinct_id, property, operation, value, deleted, timestamp, accepted, version "
    "FROM person_traits FINAL ORDER BY ALL"
)
COPIED = "SELECT distinct_id, property, operation, value FROM traits_by_property FINAL ORDER BY ALL"
ALIASES = (
    "SELECT DISTINCT alias_id, distinct_id, refused, undo, accepted, timestamp, received "
    f"FROM person_aliases WHERE accepted < {START_MS * 1000 + LATER} ORDER BY ALL"
)


class Killed(BaseException):
    pass


class Dying(JournalWriter):
    """Dies at the ``at``-th seal, before or after the segment is there."""

    at = -1
    after = False

    def seal(self) -> None:
        self.at -= 1
        if self.at or not self._rows + len(self._pending):
            super().seal()
            return
        if self.after:
            super().seal()
        raise Killed


class Journal:
    """That of the node that is moved to, which loads it when asked to."""

    def __init__(self, node: Node, data_dir: Path) -> None:
        self._inserts = Inserts(node.store, node.linker, node.acceptance)
        self._data_dir = data_dir

    def writer(self, at: int = -1, *, after: bool = False) -> JournalWriter:
        made = Dying(self._data_dir / "journal", self._data_dir, limit=2**30, reserve=0)
        made.at, made.after = at, after
        return made

    def load(self) -> int:
        segments = sorted((self._data_dir / "journal").glob("*.jsonl"))
        for segment in segments:
            self._inserts.load([segment], segment.stem, contents(segment))
            segment.unlink()
        return len(segments)


class NoProgress:
    def advance(self, size: int, records: int) -> None:
        pass


@pytest.fixture
def source(schema: Schema, tmp_path: Path) -> Iterator[tuple[Address, Node]]:
    with schema.database() as address, started_node(address, tmp_path / "source") as node:
        yield address, node


def _fill(node: Node, chance: Random) -> None:
    """Four months, with people in every state."""
    number = 0

    def lines(count: int) -> list[bytes]:
        nonlocal number
        made = []
        for _ in range(count):
            number += 1
            month = number % 4
            made.append(
                event(
                    number,
                    distinct_id=f"anon_{chance.randrange(40)}",
                    timestamp=START_MS - month * MONTH_MS + number,
                    received=START_MS + number,
                    properties='{"a.b":1e3,"text":"\u00fc/\\"","n":null,"list":[true,1]}',
                )
            )
        return made

    def aliases(count: int) -> list[bytes]:
        nonlocal number
        made = []
        for _ in range(count):
            number += 1
            made.append(alias(number, f"anon_{chance.randrange(30)}", f"user_{number % 9}"))
        return made

    node.load(*lines(150), *aliases(10))
    node.rewrite()
    node.load(
        *aliases(10),
        alias(number + 50_000, "anon_1", "anon_1", refused="self"),
        *lines(150),
        *(trait(70_000 + n, f"anon_{n % 12}", f"p{n % 5}", f'"{n}"') for n in range(60)),
        trait(80_000, "anon_3", "n", "2.5", operation=START_MS * 1000 + 80_000),
        trait(80_001, "anon_3", "once", '"first"', operation=1),
        trait(80_002, "anon_4", "p1", "", deleted=True),
    )
    ids = sorted(node.ids())
    for n, id_ in enumerate(ids[:3]):
        assert node.undo(id_, 90_000 + n)
    node.rewrite()
    node.load(*aliases(5), *lines(40))


def _state(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {
        sql: node.store.query(sql) for sql in (EVENTS, TRAITS, COPIED, ALIASES)
    }
    ids = {name: link for name, link in node.ids().items() if not name.startswith("own")}
    shown = {ids: n for ids, n in node.shown().items() if not ids[0].startswith("own")}
    persons: dict[str, int] = {}
    for (person, _), count in shown.items():
        persons[person] = persons.get(person, 0) + count
    return found | {"ids": ids, "persons": persons}


def test_everything_is_there_once_and_is_the_same_persons_whoever_was_killed(
    source: tuple[Address, Node], store_address: Address, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(other_server, "_AT_ONCE", 30)
    chance = Random(3)  # noqa: S311 - no secret
    address, old = source
    _fill(old, chance)
    marks = tmp_path / "data" / "mark.json"
    killed = 0
    with (
        started_node(store_address, tmp_path / "new") as new,
        closing(OtherServer(address)) as there,
    ):
        journal = Journal(new, tmp_path / "data")
        there.check({"proj_a"})
        own = 0
        while True:
            writer = journal.writer(chance.randint(1, 4), after=chance.random() < 0.5)
            moving = HistoryMove(there, marks)
            if chance.random() < 0.3:
                assert new.link(moving.undone)
                new.catch_up()
            try:
                moving.run(writer, NoProgress())
                break
            except Killed:
                killed += 1
            # Traffic goes on.
            own += 1
            new.load(
                event(LATER + own, distinct_id=f"own_{own % 5}"),
                alias(LATER + 1000 + own, f"own_{own % 5}", f"own_user_{own % 2}"),
            )
            if chance.random() < 0.5:
                journal.load()
            if chance.random() < 0.2:
                new.rewrite()
        assert killed > 10
        new.link(moving.undone)
        journal.load()
        new.catch_up()
        assert _state(new) == _state(old)
        new.rewrite()
        assert _state(new) == _state(old)
        assert new.count("events") == old.count("events") + own

        # And again, all of it.
        marks.unlink()
        again = HistoryMove(there, marks)
        again.run(journal.writer(), NoProgress())
        assert again.moved.events == old.count("events")
        journal.load()
        assert _state(new) == _state(old)
        assert new.count("events") == old.count("events") + own


def test_what_came_since_is_moved_by_the_next_run_and_what_is_too_fresh_is_not(
    source: tuple[Address, Node], store_address: Address, tmp_path: Path
) -> None:
    address, old = source
    marks = tmp_path / "data" / "mark.json"
    old.load(event(1), event(2))

    def at(number: int) -> Any:
        return lambda: START_MS / 1000 + number / 1_000_000

    with (
        started_node(store_address, tmp_path / "new") as new,
        closing(OtherServer(address)) as there,
    ):
        journal = Journal(new, tmp_path / "data")
        first = HistoryMove(there, marks, at(60_000_001))
        first.run(journal.writer(), NoProgress())
        assert (first.moved.events, first.moved.recent) == (1, 1)
        old.load(event(3))
        second = HistoryMove(there, marks, at(120_000_000))
        assert second.rows == 2
        second.run(journal.writer(), NoProgress())
        assert (second.moved.events, second.moved.recent) == (2, 0)
        journal.load()
        assert new.count("events") == 3


def test_people_who_were_erased_meanwhile_do_not_come_back(
    source: tuple[Address, Node], store_address: Address, tmp_path: Path
) -> None:
    address, old = source
    old.load(event(1, distinct_id="gone"), event(2, distinct_id="stays"))
    with (
        started_node(store_address, tmp_path / "new") as new,
        closing(OtherServer(address)) as there,
    ):
        new.link(lambda client: new.record.add(client, LIVE, {"gone"}, START_MS * 1000 + LATER))
        journal = Journal(new, tmp_path / "data")
        HistoryMove(there, tmp_path / "data" / "mark.json").run(journal.writer(), NoProgress())
        journal.load()
        assert new.shown() == {("stays", ""): 1}


def test_history_of_unknown_projects_and_of_people_being_erased_is_refused(
    source: tuple[Address, Node],
) -> None:
    address, old = source
    old.load(seen("somebody"))
    with closing(OtherServer(address)) as there:
        with pytest.raises(HistoryError, match="does not have the project proj_a"):
            there.check({"proj_b"})
        old.store.run_on_writer(
            lambda client: client.command(
                "INSERT INTO erasures (project_id, environment, id, state, step, asked_at) "
                "VALUES ('proj_a', 'live', 'era_1', 'running', 1, now64(3))"
            )
        ).result()
        with pytest.raises(HistoryError, match="being erased"):
            there.check({"proj_a"})


def test_the_command_says_where_it_cannot_move_from_or_to(tmp_path: Path) -> None:
    elsewhere = {"WHIPSTITCH_CLICKHOUSE": "http://127.0.0.1:9/here"}
    for source, environment, said in (
        ("/nowhere", {}, "There is nowhere to move to"),
        ("/nowhere", elsewhere, "/nowhere is neither"),
        ("http://127.0.0.1:9/here", elsewhere, "is where this node stores already"),
        ("http://127.0.0.1:9/other", elsewhere, "cannot be reached"),
    ):
        done = run("cluster", "import", source, data_dir=tmp_path, **environment)
        assert done.code == 1
        assert said in done.err
