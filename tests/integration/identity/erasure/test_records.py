"""What is kept of who was erased."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.segments import event, trait
from tests.support.stitching import LIVE, Node, accepted, started_node

from whipstitch.core.errors import StorageError
from whipstitch.identity.erasure import records
from whipstitch.identity.seal import Seal, hash_of
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address

_SECRET = b"shared"
_UNSEALED = f"""\
INSERT INTO person_erasures (project_id, environment, key, accepted, erasure)
SELECT 'proj_a' AS project_id, 'live' AS environment, {hash_of("arrayJoin(['ada', 'phone'])")},
    {accepted(50)}, 'era_1'"""
_TABLE = """\
CREATE TABLE IF NOT EXISTS person_erasures (project_id LowCardinality(String),
    environment LowCardinality(String), key String, accepted UInt64, erasure String)
ENGINE = MergeTree ORDER BY (project_id, environment, key)"""


def _hash(node: Node, id_: str) -> str:
    sql = (
        "SELECT {project_id:String} AS project_id, {environment:String} AS environment, "
        + hash_of("{id:String}")
    )
    return str(node.store.query(sql, {**LIVE._asdict(), "id": id_})[0][2])


def _kept(node: Node) -> set[str]:
    return {row[0].lower() for row in node.store.query("SELECT key FROM erased_ids")}


def _command(sql: str) -> Callable[[Client], object]:
    return lambda client: client.command(sql)


def _earlier_version(node: Node) -> None:
    """What a version kept that did not seal."""
    for statement in (_TABLE, _UNSEALED):
        node.link(_command(statement))


def test_of_an_erased_id_only_who_has_the_secret_can_make_what_is_kept(node: Node) -> None:
    node.link(lambda client: node.record.add(client, LIVE, {"ada@example.com"}, accepted(50)))
    hash_ = _hash(node, "ada@example.com")
    assert _kept(node) == {hmac.digest(_SECRET, hash_.encode(), "sha256").hex()}
    assert Seal(lambda: _SECRET).name != Seal(lambda: b"another").name


def test_what_an_earlier_version_kept_is_sealed_at_the_next_start(
    node: Node, store_address: Address, tmp_path: Path
) -> None:
    _earlier_version(node)
    hashes = {_hash(node, "ada"), _hash(node, "phone")}
    with started_node(store_address, tmp_path) as next_:
        assert _kept(next_) == {
            hmac.digest(_SECRET, one.encode(), "sha256").hex() for one in hashes
        }
        assert next_.store.query("EXISTS TABLE person_erasures") == [(0,)]
        next_.load(event(40, distinct_id="ada"), trait(41, "phone", "plan", '"pro"'))
        next_.load(event(42, distinct_id="bob"))
        assert next_.shown() == {("bob", ""): 1}
        assert next_.count("person_traits") == 0


def test_sealing_that_was_cut_off_is_done_again(node: Node) -> None:
    _earlier_version(node)
    node.link(node.record.bring_up)
    once = node.store.query("SELECT * FROM erased_ids FINAL ORDER BY ALL")
    # Killed after the rows were brought over and before the table was dropped.
    _earlier_version(node)
    node.link(node.record.bring_up)
    assert node.store.query("SELECT * FROM erased_ids FINAL ORDER BY ALL") == once
    assert len(once) == 2


def test_nodes_with_one_registry_know_each_others_erasures(
    node: Node, store_address: Address, tmp_path: Path
) -> None:
    node.link(lambda client: node.record.add(client, LIVE, {"ada"}, accepted(50)))
    with started_node(store_address, tmp_path) as other:
        other.load(event(40, distinct_id="ada"), event(41, distinct_id="bob"))
        assert other.store.query("SELECT distinct_id FROM events") == [("bob",)]


def test_a_lost_secret_is_said_and_nothing_passes_for_erased(
    node: Node, store_address: Address, tmp_path: Path
) -> None:
    node.load(event(1, distinct_id="ada"))
    asked = node.link(lambda client: node.record.add(client, LIVE, {"ada"}, accepted(50)))
    assert node.record.lost == 0
    with capture_logs() as logs, started_node(store_address, tmp_path, secret=b"new") as other:
        assert other.record.lost == 1
        said = [one for one in logs if one["event"] == "erasure_secret_lost"]
        assert [(one["log_level"], one["ids"]) for one in said] == [("error", 1)]
        # Whose rows these are nobody can tell: it must not pass for done.
        assert other.store.run_in_background(other.record.unfinished).result() == []
        state = "SELECT state FROM erasures FINAL"
        assert other.store.query(state) == [("asked",)]
    with started_node(store_address, tmp_path) as restored:
        assert restored.record.lost == 0
        left = restored.store.run_in_background(restored.record.unfinished).result()
        assert [one.id for one in left] == [asked.id]


def test_the_secret_stands_in_no_statement_that_is_kept(node: Node) -> None:
    asked = node.link(lambda client: node.record.add(client, LIVE, {"ada"}, accepted(50)))
    assert node.link(lambda client: node.record.concerns(client, asked, "ada"))
    with suppress(StorageError):  # a server that keeps no log of queries
        rows = node.store.query("SELECT query FROM system.query_log")
        secrets = set(Seal(lambda: _SECRET).values.values())
        assert not [text for (text,) in rows if any(secret in text for secret in secrets)]


@pytest.mark.parametrize("ids", [0, 1])
def test_no_erased_id_is_lost_where_none_was_noted(node: Node, ids: int) -> None:
    if ids:
        node.link(lambda client: node.record.add(client, LIVE, {"ada"}, accepted(50)))
    assert node.link(lambda client: records.lost(client, Seal(lambda: _SECRET))) == 0
