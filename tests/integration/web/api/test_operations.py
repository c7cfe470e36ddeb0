"""``/health``, ``/ready``, ``/metrics``."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.server import Server

TRACK = {"event_name": "x", "distinct_id": "user_1"}


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_server_that_is_well_says_so(server: Server, method: str, path: str) -> None:
    assert httpx.request(method, server.url + path, trust_env=False, timeout=60).status_code == 200


def test_metrics_count_what_was_accepted_discarded_and_rejected(server: Server) -> None:
    names = (
        'whipstitch_accepted_operations_total{kind="track"}',
        'whipstitch_discarded_operations_total{reason="garbage_id"}',
        'whipstitch_rejected_requests_total{reason="invalid_key"}',
    )
    before = [server.metric(name) for name in names]

    server.send("/api/v1/track", TRACK)
    server.send("/api/v1/track", TRACK | {"distinct_id": "x"})
    server.send("/api/v1/track", TRACK, key="sk_live_unknown")

    assert [server.metric(name) for name in names] == [count + 1 for count in before]


def test_metrics_count_what_clients_say_they_lost(server: Server) -> None:
    name = 'whipstitch_noted_operations_total{reason="events_lost"}'
    before = server.metric(name)

    lost = TRACK | {"event_name": "$queue_overflow", "properties": {"dropped": 12}}
    server.send("/api/v1/track", lost)
    operation = {"type": "track", "payload": lost}
    server.send("/api/v1/batch", {"operations": [operation] * 2})

    assert server.metric(name) == before + 3


def test_metrics_count_times_that_do_not_parse(server: Server) -> None:
    name = "whipstitch_unread_times_total"
    before = server.metric(name)

    server.send("/api/v1/track", TRACK | {"timestamp": "yesterday"})
    server.send("/api/v1/track", TRACK | {"timestamp": None})
    server.send("/api/v1/people", {"distinct_id": "user_1", "timestamp": "2300-01-01"})
    payload = TRACK | {"properties": {"$timestamp": "soon", "$time": "2026-05-09"}}
    operation = {"type": "track", "payload": payload}
    server.send("/api/v1/batch", {"operations": [operation] * 2})

    assert server.metric(name) == before + 4


def test_metrics_count_times_of_traits_that_are_too_far_ahead(server: Server) -> None:
    name = "whipstitch_times_ahead_total"
    before = server.metric(name)
    update = {"distinct_id": "user_1", "properties": {"a": 1, "b": 2}, "timestamp": "2290-01-01"}

    server.send("/api/v1/people", update)
    server.send("/api/v1/track", TRACK | {"timestamp": "2290-01-01"})
    operations = [{"type": "people", "payload": update}] * 2
    server.send("/api/v1/batch", {"operations": operations})

    assert server.metric(name) == before + 3


def test_metrics_can_be_read_by_prometheus(server: Server) -> None:
    text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=60).text

    families = {family.name: family for family in text_string_to_metric_families(text)}

    for name in (
        "whipstitch_request_duration_seconds",
        "whipstitch_insert_duration_seconds",
        "whipstitch_event_loop_lag_seconds",
        "whipstitch_journal_bytes",
        "whipstitch_journal_oldest_seconds",
        "whipstitch_journal_refusing",
        "whipstitch_dead_letters",
        "whipstitch_storage_available",
        "process_resident_memory_bytes",
    ):
        assert families[name].samples


@pytest.mark.parametrize(
    "path", ["/health", "/metrics", "/docs", "/openapi.json", "/docs/start.js"]
)
def test_the_head_of_an_answer_can_be_asked_for(server: Server, path: str) -> None:
    whole = httpx.get(server.url + path, trust_env=False, timeout=60)
    head = httpx.head(server.url + path, trust_env=False)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/health", "/metrics", "/openapi.json", "/api/v1/events", "/api/v1/nothing"]
)
def test_answers_are_kept_by_nobody_and_taken_for_nothing_else(server: Server, path: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {server.token}"}):
        answer = httpx.get(server.url + path, headers=headers, trust_env=False, timeout=60)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["//api/v1/track", "/api/v1/people/", "/api/heatmaps/snapshot/"])
def test_slashes_too_many_do_not_hide_an_endpoint(server: Server, path: str) -> None:
    assert httpx.post(server.url + path, json={}, trust_env=False, timeout=60).status_code == 401


def test_a_list_of_people_is_found_behind_a_slash(server: Server) -> None:
    assert httpx.get(f"{server.url}/api/v1/people/", trust_env=False, timeout=60).status_code == 401
