"""Rows that were loaded before there was a column for the id as it was sent."""

from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

import pytest
from tests.support.clickhouse import run
from tests.support.examples import examples
from tests.support.segments import alias, event
from tests.support.stitching import LIVE, Node, accepted, seen, started_node, until

from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.identity import backfill
from whipstitch.identity.erasure import hide
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.maintenance import apply_patches
from whipstitch.warehouse.sql import IN_SCOPE

_WRITTEN = (
    "SELECT countIf(column = 'sent_id') = uniqExact(name) FROM system.parts_columns "
    "WHERE database = currentDatabase() AND table = 'events' AND active "
    "AND NOT startsWith(partition_id, 'patch-')"
)
_INDEXED = (
    "SELECT min(secondary_indices_compressed_bytes > 0) FROM system.parts "
    "WHERE database = currentDatabase() AND table = 'events' AND active "
    "AND NOT startsWith(partition_id, 'patch-')"
)
_IDS = [f"id_{number}" for number in range(12)]


@pytest.fixture
def old_address(store_address: Address) -> Address:
    """A database as it was before the column, with rows of two months: some rewritten, some of
    these in patches, some untouched."""
    run(store_address, "ALTER TABLE events DROP INDEX by_sent_id")
    run(store_address, "ALTER TABLE events DROP COLUMN sent_id")
    run(store_address, "ALTER TABLE person_ids DROP INDEX by_version")
    run(store_address, "DELETE FROM schema_migrations WHERE version >= 10")
    run(
        store_address,
        "INSERT INTO events (project_id, environment, event_name, id, distinct_id, anon_id, "
        "timestamp, received_at, accepted) SELECT 'proj_a', 'live', 'e', toString(number), "
        "if(number % 3 = 0, 'ada', ['phone', 'bob'][1 + number % 2]), "
        "if(number % 3 = 0 AND number % 2 = 0, 'tablet', ''), "
        "toDateTime('2026-03-03') - toIntervalMonth(intDiv(number, 6) % 2), "
        "'2026-03-03', 1 + number "
        "FROM numbers(600)",
    )
    run(
        store_address,
        "UPDATE events SET distinct_id = 'ada', anon_id = 'phone' WHERE distinct_id = 'phone' "
        "SETTINGS enable_lightweight_update = 1",
    )
    for id_ in ("phone", "tablet"):
        run(
            store_address,
            "INSERT INTO person_aliases (project_id, environment, alias_id, distinct_id, "
            f"accepted, number) VALUES ('proj_a', 'live', '{id_}', 'ada', 1, 1)",
        )
        run(
            store_address,
            "INSERT INTO person_ids (project_id, environment, id, parent, person, since, version) "
            f"VALUES ('proj_a', 'live', '{id_}', 'ada', 'ada', 1, 1)",
        )
    return store_address


def _of(node: Node, person: str) -> int:
    """How many rows a read finds of somebody."""
    with node.maps.hold() as held:
        sql = f"SELECT count() FROM events WHERE {IN_SCOPE} AND {rows_of(held.of(LIVE))}"
        values = {**LIVE._asdict(), "people": [person], "generation": held.number}
        return int(node.store.query(sql, values)[0][0])


def _sent(node: Node) -> Counter[str]:
    rows = node.store.query("SELECT sent_id, count() FROM events GROUP BY 1")
    return Counter({str(row[0]): int(row[1]) for row in rows})


def _fill(node: Node) -> None:
    """Writes the column, partition after partition."""
    while node.store.run_in_background(backfill.go_on).result():
        until(lambda: not node.store.run_in_background(apply_patches.mutations_run).result())


def test_rows_from_before_are_found_by_the_id_that_was_sent_at_every_moment(
    old_address: Address, tmp_path: Path
) -> None:
    with started_node(old_address, tmp_path) as node:
        sent = Counter({"ada": 100, "tablet": 100, "phone": 200, "bob": 200})
        assert _sent(node) == sent
        assert (_of(node, "ada"), _of(node, "bob")) == (400, 200)
        node.load(seen("tablet"), seen("ada"), seen("bob"))
        sent += Counter({"tablet": 1, "ada": 1, "bob": 1})
        assert (_of(node, "ada"), _of(node, "bob"), _sent(node)) == (402, 201, sent)

        assert node.store.query(_WRITTEN) == [(0,)]
        _fill(node)

        assert node.store.query(_WRITTEN) == [(1,)]
        assert node.store.query(_INDEXED) == [(1,)]
        assert (_of(node, "ada"), _of(node, "bob"), _sent(node)) == (402, 201, sent)
        shown = node.shown()
        assert shown["ada", "phone"] + shown["ada", "tablet"] + shown["ada", ""] == 402


def test_rows_from_before_are_linked_undone_and_rewritten(
    old_address: Address, tmp_path: Path
) -> None:
    with started_node(old_address, tmp_path) as node:
        node.load(alias(700, "bob", "ada"))
        assert _of(node, "ada") == 600
        node.rewrite()  # begins to write the column, too
        assert (_of(node, "ada"), node.stored()["ada", "bob"]) == (600, 200)
        assert node.undo("bob", 800)
        assert (_of(node, "ada"), _of(node, "bob")) == (400, 200)
        node.rewrite()
        assert (_of(node, "ada"), _of(node, "bob")) == (400, 200)
        _fill(node)
        assert (_of(node, "ada"), _of(node, "bob")) == (400, 200)


@pytest.mark.parametrize("filled", [False, True])
def test_rows_from_before_are_erased(old_address: Address, tmp_path: Path, filled: bool) -> None:
    with started_node(old_address, tmp_path) as node:
        if filled:
            _fill(node)
        ids = node.store.run_in_background(
            partial(hide.ids_at, scope=LIVE, id_="phone", accepted=accepted(900))
        ).result()
        assert ids == {"ada", "phone", "tablet"}
        events = node.link(lambda client: node.linker.forget(client, LIVE, ids, accepted(900)))
        assert (events, _of(node, "ada"), _of(node, "bob")) == (400, 0, 200)
        assert _sent(node) == Counter({"bob": 200})


@pytest.mark.parametrize("seed", range(examples(1)))
def test_the_id_as_it_was_sent_outlives_any_order_of_changes(node: Node, seed: int) -> None:
    """Loads, links, undos, rewrites, patches worked in and the column written, in any order."""
    random = Random(seed)  # noqa: S311
    sent: Counter[str] = Counter()
    for number in range(1, 40):
        match random.randrange(6):
            case 0 | 1:
                ids = random.choices(_IDS, k=5)
                node.load(*(seen(id_) for id_ in ids))
                sent.update(ids)
            case 2:
                node.load(alias(2_000_000 + number, *random.sample(_IDS, 2)))
            case 3:
                node.undo(random.choice(_IDS), 2_000_000 + number)
            case 4:
                node.rewrite()
            case _:
                node.store.run_in_background(apply_patches.work_in).result()
        assert _sent(node) == sent
        people = {id_: person for id_, (_, person, _) in node.ids().items()}
        mine: Counter[str] = Counter()
        for id_, count in sent.items():
            mine[people.get(id_, id_)] += count
        assert {id_: _of(node, id_) for id_ in _IDS} == {id_: mine[id_] for id_ in _IDS}


def test_a_read_finds_the_rows_of_ids_that_were_linked_otherwise_since_it_began(
    node: Node,
) -> None:
    node.load(seen("phone"), seen("ada"), seen("lovelace"), alias(1, "phone", "ada"))
    node.rewrite()
    with node.maps.hold() as before:
        node.load(alias(2, "ada", "lovelace"), event(3, distinct_id="phone"))
        node.store.query("OPTIMIZE TABLE person_ids FINAL")
        sql = f"SELECT count() FROM events WHERE {IN_SCOPE} AND {rows_of(before.of(LIVE))}"
        values = {**LIVE._asdict(), "people": ["ada"], "generation": before.number}
        assert node.store.query(sql, values) == [(2,)]
    assert (_of(node, "lovelace"), _of(node, "ada")) == (4, 0)
