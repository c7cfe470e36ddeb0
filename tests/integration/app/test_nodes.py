"""Two nodes behind a load balancer: one ClickHouse server, one registry in PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from tests.support.clickhouse import nameless, url_of
from tests.support.postgres import postgres_cluster
from tests.support.server import Server

from whipstitch.app.node_name import node_name
from whipstitch.registry.store import Registry
from whipstitch.warehouse.connection import Address

LIMIT = 50


@pytest.fixture(scope="module")
def nodes(
    clickhouse: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """Both are there; the first one leads."""
    directory = tmp_path_factory.mktemp("nodes")
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_cluster())
        address = stack.enter_context(nameless(clickhouse))
        environment = {
            "CLICKHOUSE": url_of(address),
            "DATABASE": postgres.create_database("registry"),
            "DURABILITY": "os",
            "RATE_LIMIT": str(LIMIT),
        }
        first, second = (
            stack.enter_context(Server(directory / name, environment=environment))
            for name in ("first", "second")
        )
        for name in ("live_key", "test_key", "token", "project_id"):
            setattr(second, name, getattr(first, name))
        yield first, second


def test_a_key_has_the_limit_once_whichever_nodes_it_sends_to(nodes: tuple[Server, Server]) -> None:
    time.sleep(2.5)  # until each has seen the other
    body = {"event_name": "seen", "distinct_id": "somebody"}
    if time.time() % 60 > 45:
        time.sleep(61 - time.time() % 60)
    given = [nodes[n % 2].send("/api/v1/track", body).status_code for n in range(3 * LIMIT)]
    assert given.count(200) == LIMIT
    assert given.count(429) == 2 * LIMIT


def test_a_leader_that_is_killed_is_replaced_within_half_a_minute(
    nodes: tuple[Server, Server],
) -> None:
    first, second = nodes
    operations = [
        {"type": "track", "payload": {"event_name": "seen", "distinct_id": "anon_1"}},
        {"type": "alias", "payload": {"alias_id": "anon_1", "distinct_id": "user_1"}},
    ]
    killed = time.monotonic()
    first.kill()
    # With the other key, of which no request has been counted.
    sent = second.send("/api/v1/batch", {"operations": operations}, key=second.test_key)
    assert sent.status_code == 200

    def is_stitched() -> bool:
        found = second.events(distinct_id="anon_1", environment="test")
        return [one["distinct_id"] for one in found] == ["user_1"]

    second.wait_until(is_stitched, 60)
    assert time.monotonic() - killed < 30


def test_an_erasure_says_which_node_it_waits_for(nodes: tuple[Server, Server]) -> None:
    first, second = nodes  # the first was killed
    asked = httpx.delete(
        f"{second.url}/api/v1/people/user_1",
        params={"environment": "test"},
        headers={"authorization": f"Bearer {second.token}"},
        trust_env=False,
        timeout=60,
    )
    erasure = asked.json()["erasure"]
    assert erasure["state"] == "running"
    name = node_name(first.data_dir)
    (said,) = (one for one in erasure["waits_for"] if name in one)
    assert f"The node {name}, last seen" in said
    assert f"whipstitch cluster forget {name}" in said

    with Registry.open(second._environment["DATABASE"]) as registry:
        assert registry.leave_nodes(name)
    found = second.get(f"/api/v1/erasures/{erasure['id']}", {"environment": "test"})
    waits = found.json()["erasure"].get("waits_for", [])
    assert not any(name in one for one in waits)
