"""Released clients, unmodified, against a running server: what was sent is stored, as whose."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.clients import NodeClients, PythonClients
from tests.support.recordings import recorded
from tests.support.server import Server

Expected = dict[tuple[str, str], int]

PYTHON = (
    "mixpanel",
    "amplitude-analytics",
    "snowplow-tracker",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
)
NODE = (
    "mixpanel",
    "@amplitude/analytics-node",
    "@snowplow/node-tracker",
    "@opentelemetry/exporter-logs-otlp-http",
    "@opentelemetry/sdk-logs",
)
STORED: dict[str, Expected] = {
    "mixpanel_plain": {
        ("viewed", "mp_user"): 1,
        ("bought", "mp_user"): 1,
        ("imported", "mp_user"): 1,
        ("counted", "mp_user"): 120,
    },
    "amplitude_plain": {
        ("viewed", "amp_user"): 1,
        ("bought", "amp_user"): 1,
        ("counted", "amp_user"): 120,
    },
    "snowplow_plain": {
        ("$pageview", "sp_user"): 1,
        ("add-to-basket", "sp_user"): 1,
        ("checkout_started", "sp_user"): 1,
        ("packed", "sp_user"): 1,
    },
    "otlp_plain": {("checkout_started", "otel_user"): 2, ("restarted", "service:shop"): 2},
    "mixpanel_node": {
        ("viewed", "mpn_user"): 1,
        ("bought", "mpn_user"): 1,
        ("counted", "mpn_user"): 60,
    },
    "amplitude_node": {
        ("viewed", "ampn_user"): 1,
        ("bought", "ampn_user"): 1,
        ("counted", "ampn_user"): 120,
    },
    "snowplow_node": {
        ("$pageview", "spn_user"): 1,
        ("add-to-basket", "spn_user"): 1,
        ("checkout_started", "spn_user"): 1,
    },
    "otlp_node": {("viewed", "oteln_user"): 1},
}
ONCE = {"first_seen": "2026-05-01"}
PEOPLE: dict[str, tuple[list[str], dict[str, Any]]] = {
    "mp_user": (["anon_mp"], {"$email": "ada@example.com", "plan": "pro", **ONCE, "logins": 3}),
    "amp_user": (["device_amp"], {"plan": "pro", "company": "acme"}),
    "sp_user": (["duid_sp"], {}),
    "spn_user": (["duid_spn"], {}),
    "mpn_user": (["$device:node"], {"plan": "pro", "text": "Grüße +/ 😀"}),
    "ampn_user": (["device_ampn"], {"plan": "pro", **ONCE, "logins": 2}),
}
"""Ids and traits of those who have any."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("clients") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> PythonClients:
    return PythonClients(tmp_path_factory.mktemp("python") / "venv", *PYTHON)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> NodeClients:
    return NodeClients(tmp_path_factory.mktemp("node"), *NODE)


@pytest.mark.parametrize("program", [one for one in STORED if one.endswith("_plain")])
def test_a_client_in_python_needs_only_host_and_key(
    server: Server, python: PythonClients, program: str
) -> None:
    python.run(program, server.url, server.live_key)
    assert_stored(server, STORED[program])


@pytest.mark.parametrize("program", [one for one in STORED if one.endswith("_node")])
def test_a_client_in_node_needs_only_host_and_key(
    server: Server, node: NodeClients, program: str
) -> None:
    node.run(program, server.url, server.live_key)
    assert_stored(server, STORED[program])


def test_what_a_client_repeats_after_a_503_is_stored_once(server: Server) -> None:
    repeated = [one.body for one in recorded("amplitude-python", "503-once")]
    assert len(repeated) == 2
    for body in repeated:
        keyed = body.replace(b"0123456789abcdef0123456789abcdef", server.live_key.encode())
        keyed = keyed.replace(b"user_123", b"user_503")
        assert server.send("/2/httpapi", keyed).status_code == 200
    server.send("/api/v1/track", {"event_name": "behind", "distinct_id": "user_503"})

    def stored() -> list[str]:
        return [one["event_name"] for one in server.events(distinct_id="user_503")]

    server.wait_until(lambda: "behind" in stored())
    assert sorted(stored()) == ["behind", "checkout_started"]


def test_groups_are_no_people_and_log_lines_no_events(server: Server) -> None:
    people = {one["distinct_id"] for one in server.get("/api/v1/people").json()["people"]}
    assert people <= {person for expected in STORED.values() for _, person in expected} | {
        "user_503"
    }
    assert not server.metric('whipstitch_rejected_requests_total{reason="invalid_body"}')


def assert_stored(server: Server, expected: Expected) -> None:
    """Exactly that, of the people in it."""
    people = {person for _, person in expected}

    def stored() -> Expected:
        events = server.events()
        return Counter(
            (one["event_name"], one["distinct_id"])
            for one in events
            if one["distinct_id"] in people
        )

    def known() -> bool:
        return all(person_of(server, one) == PEOPLE[one] for one in people if one in PEOPLE)

    server.wait_until(lambda: sum(stored().values()) >= sum(expected.values()))
    assert stored() == expected
    server.wait_until(known)


def person_of(server: Server, one: str) -> tuple[list[str], dict[str, Any]]:
    people = server.get("/api/v1/people").json()["people"]
    return next(
        (
            (found["aliases"], found["properties"])
            for found in people
            if found["distinct_id"] == one
        ),
        ([], {}),
    )
