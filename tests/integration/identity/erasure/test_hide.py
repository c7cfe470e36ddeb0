"""Erasing a person: what is deleted, what stays, and that nothing is left on the disk."""

import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.support.segments import alias, event, trait
from tests.support.stitching import LIVE, Node, accepted, until

from whipstitch.identity.erasure import physical_delete
from whipstitch.identity.erasure.records import Erasure
from whipstitch.identity.erasure.worker import ErasureWorker
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.client import Client

_EVERYTHING = "SETTINGS apply_deleted_mask = 0, apply_patch_parts = 0"
_WHERE_IDS_STAND = {
    "events": "{id:String} IN (distinct_id, anon_id, sent_id)",
    "person_traits": "distinct_id = {id:String}",
    "traits_by_property": "distinct_id = {id:String}",
    "person_aliases": "alias_id = {id:String} OR distinct_id = {id:String}",
    "person_ids": "id = {id:String} OR person = {id:String} OR parent = {id:String}",
    "person_moves": "id = {id:String} OR person = {id:String}",
    "cohort_members": "id = {id:String}",
    "activity": "sent_id = {id:String}",
    "session_pieces": "sent_id = {id:String}",
}


def _eraser(node: Node, directory: Path) -> ErasureWorker:
    return ErasureWorker(
        node.store,
        node.linker,
        node.record,
        lambda: True,
        _all_stored(),
        DeadLetters(directory / "deadletters"),
        alone=True,
    )


def _all_stored() -> Acceptance:
    """Of one who is alone."""
    made = Acceptance()
    made.reached(2**62, made.look())
    return made


def _erase(node: Node, directory: Path, id_: str, number: int) -> Erasure | None:
    return _eraser(node, directory).erase(LIVE, id_, accepted(number)).result()


def _traces(node: Node, *ids: str, settings: str = "") -> dict[str, int]:
    """In which tables ids stand, in how many rows."""
    found: Counter[str] = Counter()
    for table, condition in _WHERE_IDS_STAND.items():
        for id_ in ids:
            sql = f"SELECT count() FROM {table} WHERE {condition} {settings}"
            found[table] += node.store.query(sql, {"id": id_})[0][0]
    return {table: rows for table, rows in found.items() if rows}


def _purge(node: Node) -> None:
    planned = node.store.run_in_background(physical_delete.plan).result()
    for rewrite in planned.rewrites:
        node.store.run_in_background(partial(physical_delete.begin, rewrite=rewrite)).result()
        until(lambda: not node.store.run_in_background(physical_delete.rewrites_run).result())


def _command(client: Client, sql: str) -> None:
    client.command(sql)


def _load_ada(node: Node) -> None:
    """Ada with two devices, one of them rewritten, beside Bob; both are in a cohort."""
    node.store.query(
        "INSERT INTO cohort_members (project_id, environment, cohort_id, id) SELECT "
        "{project_id:String}, {environment:String}, 'friends', arrayJoin(['phone', 'bob'])",
        LIVE._asdict(),
    )
    node.load(
        event(1, distinct_id="phone"),
        event(2, distinct_id="ada"),
        event(3, distinct_id="bob"),
        trait(4, "phone", "plan", '"pro"'),
        trait(5, "bob", "plan", '"free"'),
        alias(6, "phone", "ada"),
        alias(7, "b-phone", "bob"),
        alias(8, "phone", "bob"),
        alias(9, "guest", "ada", refused="placeholder"),
    )
    node.rewrite()
    node.load(event(10, distinct_id="laptop"), alias(11, "laptop", "phone"))
    node.summarize()
    node.sum_sessions_up()


def test_every_trace_of_a_person_is_hidden_at_once(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    erasure = _erase(node, tmp_path, "phone", 50)
    assert erasure is not None
    assert (erasure.ids, erasure.events, erasure.state) == (3, 3, "running")
    assert _traces(node, "phone", "laptop", "ada") == {}
    assert node.shown() == {("bob", ""): 1}
    assert node.ids() == {"b-phone": ("bob", "bob", accepted(7))}
    assert (node.count("person_traits"), node.count("traits_by_property")) == (1, 1)


def test_purging_takes_it_from_the_disk(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    _erase(node, tmp_path, "ada", 50)
    assert _traces(node, "phone", "laptop", "ada", settings=_EVERYTHING)
    _purge(node)
    assert _traces(node, "phone", "laptop", "ada", settings=_EVERYTHING) == {}
    assert node.shown() == {("bob", ""): 1}
    statements = node.store.query("SELECT command FROM system.mutations")
    assert statements
    assert not [text for (text,) in statements if "phone" in text or "laptop" in text]


def test_no_statement_with_a_hash_of_an_id_is_left(node: Node, tmp_path: Path) -> None:
    naming = "SELECT table FROM system.mutations WHERE command LIKE '%sipHash%'"
    _load_ada(node)
    _erase(node, tmp_path, "ada", 50)
    assert node.store.query(naming)
    # As a merge does at any time: then no mark is left that would have the table written again.
    node.link(partial(_command, sql="OPTIMIZE TABLE person_traits FINAL"))

    eraser = _eraser(node, tmp_path)
    eraser.start()
    try:
        done = "SELECT state FROM erasures FINAL"
        until(lambda: node.store.query(done) == [("done",)])
    finally:
        eraser.stop(10)
    assert node.store.query(naming) == []


def test_an_erased_person_has_no_id_that_is_known(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    assert _erase(node, tmp_path, "ada", 50) is not None
    assert _erase(node, tmp_path, "phone", 51) is None
    assert _erase(node, tmp_path, "nobody", 52) is None


def test_what_was_on_its_way_is_not_stored(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    _erase(node, tmp_path, "ada", 50)
    node.load(
        event(40, distinct_id="laptop"),
        event(41, distinct_id="bob"),
        trait(42, "ada", "plan", '"pro"'),
        alias(43, "watch", "ada"),
        alias(44, "ada", "bob"),
    )
    assert node.shown() == {("bob", ""): 2}
    assert _traces(node, "phone", "laptop", "ada", "watch") == {}


def test_what_is_sent_later_makes_a_new_person(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    _erase(node, tmp_path, "ada", 50)
    node.load(event(60, distinct_id="phone"), event(61, distinct_id="ada"))
    assert node.shown() == {("bob", ""): 1, ("phone", ""): 1, ("ada", ""): 1}
    node.load(alias(62, "phone", "ada"), trait(63, "ada", "plan", '"new"'))
    assert node.shown() == {("bob", ""): 1, ("ada", "phone"): 1, ("ada", ""): 1}
    node.rewrite()
    assert node.stored() == {("bob", ""): 1, ("ada", "phone"): 1, ("ada", ""): 1}


def test_what_came_in_between_stays_under_the_id_it_was_sent_under(
    node: Node, tmp_path: Path
) -> None:
    """Accepted after the erasure, stored before it: as the person who is erased."""
    node.load(
        event(1, distinct_id="phone"),
        alias(2, "phone", "ada"),
        event(60, distinct_id="phone"),
        event(61, distinct_id="desk"),
        alias(62, "desk", "phone"),
    )
    assert node.shown() == {("ada", "phone"): 2, ("ada", "desk"): 1}
    erasure = _erase(node, tmp_path, "ada", 50)
    assert erasure is not None
    assert (erasure.ids, erasure.events) == (2, 1)
    assert node.shown() == {("phone", ""): 1, ("phone", "desk"): 1}
    node.rewrite()
    assert node.stored() == {("phone", ""): 1, ("phone", "desk"): 1}
    _purge(node)
    assert _traces(node, "ada", settings=_EVERYTHING) == {}


def test_another_environment_is_left_alone(node: Node, tmp_path: Path) -> None:
    node.load(
        event(1, distinct_id="ada"),
        event(2, distinct_id="ada", environment="test"),
        event(3, distinct_id="ada", project_id="proj_b"),
    )
    _erase(node, tmp_path, "ada", 50)
    assert node.count("events") == 2
    node.load(event(4, distinct_id="ada", environment="test"), event(5, distinct_id="ada"))
    assert node.count("events") == 3


def test_an_erasure_that_was_only_recorded_goes_on(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    ids = {"ada", "phone", "laptop"}
    node.link(lambda client: node.record.add(client, LIVE, ids, accepted(50)))
    eraser = _eraser(node, tmp_path)
    eraser.start()
    try:
        until(lambda: not _traces(node, *ids))
    finally:
        eraser.stop(10)
    assert node.shown() == {("bob", ""): 1}


def test_a_summary_that_was_being_made_meanwhile_is_gone_when_it_is_done(
    node: Node, tmp_path: Path
) -> None:
    _load_ada(node)
    node.load(
        event(12, distinct_id="ada"),
        *(event(30 + number, distinct_id="bob") for number in range(9)),
    )
    eraser = _eraser(node, tmp_path)
    assert node.make_summary() is not None
    tables = ("activity", "lexicon_days", "lexicon_values")
    assert node.make_session_step() is not None
    for table in ("activity", "session_pieces"):
        node.store.query(f"CREATE TABLE kept_{table} AS {table}")
        node.store.query(f"INSERT INTO kept_{table} SELECT * FROM {table}")
    eraser.erase(LIVE, "ada", accepted(20)).result()
    # As its last statement leaves it, where the process is killed before it would be published.
    node.store.query("INSERT INTO activity SELECT * FROM kept_activity")
    node.store.query(
        "INSERT INTO session_pieces SELECT * FROM kept_session_pieces "
        "WHERE accepted > (SELECT max(until) FROM session_steps)"
    )
    eraser.start()
    try:
        until(lambda: not node.store.run_in_background(node.record.unfinished).result())
    finally:
        eraser.stop(10)
    assert [node.count(table) for table in tables] == [0, 0, 0]
    assert _traces(node, "phone", "laptop", "ada", settings=_EVERYTHING) == {}


def test_one_that_is_hidden_meanwhile_keeps_its_count(node: Node, tmp_path: Path) -> None:
    _load_ada(node)
    eraser = _eraser(node, tmp_path)
    done = eraser.erase(LIVE, "ada", accepted(20)).result()
    assert done is not None
    assert done.events > 0
    # As the eraser's own turn found it a moment before.
    found = replace(done, state="asked", events=0)

    node.store.run_on_writer(lambda client: eraser._resume_again(client, found)).result()

    assert [
        one.events for one in node.store.run_in_background(node.record.unfinished).result()
    ] == [done.events]


def test_who_asks_again_for_an_erasure_that_was_cut_off_gets_that_one_done(
    node: Node, tmp_path: Path
) -> None:
    _load_ada(node)
    ids = {"ada", "phone", "laptop"}
    cut_off = node.link(lambda client: node.record.add(client, LIVE, ids, accepted(50)))
    # As far as it came: some of the rows, and who they were.
    for statement in (
        "DELETE FROM events WHERE distinct_id = 'ada' AND anon_id = ''",
        "DELETE FROM person_aliases WHERE distinct_id = 'ada' OR alias_id = 'laptop'",
    ):
        node.link(partial(_command, sql=statement))

    again = _erase(node, tmp_path, "ada", 60)

    assert again is not None
    assert (again.id, again.state) == (cut_off.id, "running")
    assert not _traces(node, *ids)
    assert node.shown() == {("bob", ""): 1}


def test_who_is_erased_while_others_are_purged_does_not_come_back(
    node: Node, tmp_path: Path
) -> None:
    people = [f"ada_{number}" for number in range(8)]
    day = 86_400_000_000
    node.load(
        *(
            event(number, distinct_id=people[number % 8], accepted=accepted(number) - month * day)
            for month in (0, 40, 80)
            for number in range(month * 100, month * 100 + 2_000)
        )
    )
    done = threading.Event()

    def purge_all_the_time() -> None:
        while not done.is_set():
            _purge(node)

    purging = threading.Thread(target=purge_all_the_time)
    purging.start()
    try:
        for person in people[1:]:
            assert _erase(node, tmp_path, person, 10_000_000) is not None
    finally:
        done.set()
        purging.join()
    _purge(node)

    assert node.shown() == {(people[0], ""): 750}


@pytest.mark.parametrize("broken", [b"", b',"properties":{"a":\xff}}'])
def test_dead_letters_lose_the_rows_of_erased_people(
    node: Node, tmp_path: Path, broken: bytes
) -> None:
    letters = DeadLetters(tmp_path / "deadletters")
    rows = [event(1, distinct_id="ada"), event(2, distinct_id="bob"), event(60, distinct_id="ada")]
    rows = [row.partition(b',"properties"')[0] + broken if broken else row for row in rows]
    letters.add("00001", [DeadLetter(row, "no") for row in [*rows, b"\xff"]])
    letters.add("00002", [DeadLetter(alias(3, "ada", "bob"), "no")])
    eraser = _eraser(node, tmp_path)
    node.link(lambda client: node.record.add(client, LIVE, {"ada"}, accepted(50)))
    assert letters.erase(eraser._erased) == 2
    assert [letter.row for letter in letters.letters()] == [rows[1], rows[2], b"\xff"]
    assert [file.name for file in (tmp_path / "deadletters").iterdir()] == ["00001.jsonl"]
