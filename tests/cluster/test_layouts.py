"""People who are worked out on the shard that has all their rows, and rows that were dealt out over
other shards at one time."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.support.cluster import CLUSTER, connected

from whipstitch.core.projects import Scope
from whipstitch.identity.on_shards import note_layout
from whipstitch.identity.person_map import PersonMap
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.sql import IN_SCOPE

LIVE = Scope("proj", "live")
PERSONS = PersonMap(sharded=True).of(LIVE)
PEOPLE = PERSONS.grouped(
    f"{PERSONS.key} AS who, count() AS number", f"events WHERE {IN_SCOPE}", "who"
)


@pytest.fixture
def beside(hosts: Servers) -> Iterator[Client]:
    with closing(connected(hosts, {})) as client:
        yield client


def _put(client: Client, *ids: str) -> None:
    """A row of each on every shard."""
    for shard in list(client.one_of_each_shard()):
        for id_ in ids:
            shard.command(
                "INSERT INTO events_local (project_id, environment, event_name, distinct_id, "
                "sent_id, timestamp) SELECT 'proj', 'live', 'seen', {id:String} AS d, d, now64(3)",
                {"id": id_},
            )


def _everywhere(client: Client, sql: str) -> None:
    # Replicas have it from each other; shards without replicas have it from us.
    for node in [client] if CLUSTER else list(client.all_nodes()):
        node.command(sql)
    if CLUSTER:
        client.await_replicas("shard_layouts", "person_aliases", all_of_them=True)


def _people(client: Client) -> list[int]:
    """How many rows each has, as a report would see it."""
    rows = client.query(f"SELECT number FROM ({PEOPLE})", LIVE._asdict()).result_rows
    return sorted(row[0] for row in rows)


def test_only_those_whom_aliases_name_are_merged_from_several_shards(beside: Client) -> None:
    shards = len(beside.shards())
    _put(beside, "alone", "named")
    _everywhere(
        beside,
        "INSERT INTO person_aliases (project_id, environment, alias_id, distinct_id) "
        "VALUES ('proj', 'live', 'named', 'other')",
    )
    # No row of "alone" would be on two shards: that it is counted twice says who works it out.
    assert _people(beside) == [*[1] * shards, shards]


def test_rows_that_were_dealt_out_over_other_shards_are_one_persons(beside: Client) -> None:
    shards = len(beside.shards())
    _put(beside, "somebody")
    assert _people(beside) == [1] * shards
    _everywhere(beside, "INSERT INTO shard_layouts (shards) VALUES (['1'])")
    assert _people(beside) == [shards]
    _everywhere(beside, "TRUNCATE TABLE shard_layouts")
    assert _people(beside) == [shards]


def test_what_shards_rows_are_dealt_out_over_is_noted_once(
    beside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not CLUSTER:
        monkeypatch.setattr(Client, "await_replicas", lambda *_, **__: None)

    def noted() -> list[list[str]]:
        return [row[0] for row in beside.query("SELECT shards FROM shard_layouts").result_rows]

    present = list(beside.shards())
    _everywhere(beside, "TRUNCATE TABLE shard_layouts")
    for _ in range(2):
        note_layout(beside)
        assert noted() == [present]

    _everywhere(beside, "TRUNCATE TABLE shard_layouts")
    _put(beside, "somebody")
    note_layout(beside)
    assert sorted(noted()) == [[], present]  # how these rows were dealt out nobody knows
