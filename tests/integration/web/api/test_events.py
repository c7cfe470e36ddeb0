"""``GET /api/v1/events``."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.command import registry_of
from tests.support.server import Server

_names = (f"event_{number}" for number in itertools.count())


@pytest.fixture
def name() -> str:
    """The name of one test's events."""
    return next(_names)


def _send(server: Server, name: str, count: int, **fields: Any) -> None:
    """Sends events a second apart, the first at noon, and waits until they are stored."""
    operations = [
        {
            "type": "track",
            "payload": {
                "event_name": name,
                "distinct_id": f"user_{number}",
                "timestamp": f"2026-05-09T12:00:{number:02d}Z",
                "properties": {"number": number},
            }
            | fields,
        }
        for number in range(count)
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(lambda: len(server.events(event_name=name)) == count)


def _numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["properties"]["number"] for event in events]


def test_an_event_comes_back_with_what_the_server_added(server: Server, name: str) -> None:
    before = datetime.now(UTC)
    sent = {
        "event_name": name,
        "distinct_id": "user_123",
        "timestamp": "2026-05-09T14:32:01.4829Z",
        "properties": {"cart": [1, 2.5, {"a.b": "2026-05-09"}], "$session_id": "sess_1"},
        "default_properties": {"$os": "iOS", "$app_version": "2.4.1"},
        "lib_version": "app@1.0",
    }
    server.send("/api/v1/track", sent)
    server.wait_until(lambda: len(server.events(event_name=name)) == 1)

    (event,) = server.events(event_name=name)

    assert event.pop("id").startswith("evt_")
    received = datetime.fromisoformat(event.pop("received_at"))
    assert -1 < (received - before).total_seconds() < 60
    assert event == {
        "event_name": name,
        "distinct_id": "user_123",
        "anon_id": "",
        "session_id": "sess_1",
        "timestamp": "2026-05-09T14:32:01.482Z",
        "environment": "live",
        "properties": sent["properties"],
        "default_properties": sent["default_properties"],
        "os": "ios",
        "browser": "",
        "device_model": "",
        "bot": False,
        "city": "",
        "region": "",
        "country": "",
        "timezone": "",
        "lib_version": "app@1.0",
    }


@pytest.mark.parametrize("limit", [1, 3, 4, 7, 8])
def test_pages_hold_every_event_once_newest_first(server: Server, limit: int) -> None:
    name = "paged"
    if not server.events(event_name=name):
        _send(server, name, 7)

    assert _numbers(server.events(event_name=name, limit=limit)) == [6, 5, 4, 3, 2, 1, 0]


def test_events_of_one_instant_are_paged_in_the_order_received(server: Server, name: str) -> None:
    _send(server, name, 5, timestamp="2026-05-09T12:00:00Z")

    assert _numbers(server.events(event_name=name, limit=2)) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"from": "2026-05-09T12:00:03Z"}, [4, 3]),
        ({"to": "2026-05-09T12:00:03Z"}, [2, 1, 0]),
        ({"from": "2026-05-09T14:00:01+02:00", "to": "2026-05-09T12:00:02"}, [1]),
        ({"distinct_id": "user_2"}, [2]),
        ({"distinct_id": "user_9"}, []),
        ({"session_id": "sess_of_nobody"}, []),
        ({"environment": "test"}, []),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}, [4, 3, 2, 1, 0]),
    ],
)
def test_filters_narrow_the_page(
    server: Server, filters: dict[str, str], expected: list[int]
) -> None:
    name = "filtered"
    if not server.events(event_name=name):
        _send(server, name, 5)

    assert _numbers(server.events(event_name=name, **filters)) == expected


def test_test_events_are_seen_only_as_such(server: Server, name: str) -> None:
    event = {"event_name": name, "distinct_id": "user_1"}
    server.send("/api/v1/track", event, key=server.test_key)
    server.wait_until(lambda: len(server.events(event_name=name, environment="test")) == 1)

    assert server.events(event_name=name) == []


@pytest.fixture
def stranger(server: Server) -> Iterator[str]:
    """A token of another project."""
    with registry_of(server.data_dir) as registry:
        project = registry.create_project("Other").project
        yield registry.create_token(project.id, "admin", None).secret


def test_a_token_sees_its_own_project_only(server: Server, name: str, stranger: str) -> None:
    _send(server, name, 1)

    seen = server.get("/api/v1/events", {"event_name": name}, token=stranger)

    assert (seen.status_code, seen.json()["events"]) == (200, [])


def test_a_revoked_token_reads_nothing(server: Server) -> None:
    with registry_of(server.data_dir) as registry:
        made = registry.create_token(server.project_id, "viewer", None)
        assert server.get("/api/v1/events", token=made.secret).status_code == 200
        registry.revoke_token(made.token.id)

    refused = server.get("/api/v1/events", token=made.secret)

    assert refused.status_code == 401
    assert refused.json() == {"ok": False, "error": "Invalid token"}


@pytest.mark.parametrize("key", ["live_key", "test_key"])
def test_an_ingestion_key_does_not_read(server: Server, key: str) -> None:
    assert server.get("/api/v1/events", token=getattr(server, key)).status_code == 401


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ("limit=abc", "limit: "),
        ("limit=0", "limit: "),
        ("limit=1001", "limit: "),
        ("from=yesterday", "from: "),
        ("environment=prod", "environment: "),
        ("cursor=AAAA", "cursor: "),
        ("cursor=W10", "cursor: "),
        ("cursor=WzEsMSwiXHVkODAwIl0", "cursor: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    server: Server, parameters: str, error: str
) -> None:
    refused = server.get(f"/api/v1/events?{parameters}")

    assert refused.status_code == 400
    assert refused.json().keys() == {"ok", "error"}
    assert refused.json()["ok"] is False
    assert refused.json()["error"].startswith(error)


def test_any_text_may_be_looked_for(server: Server, name: str) -> None:
    odd = ["\0", "a\\T\t\n'\"b", "{x:String}", "%s", "' OR 1=1 --", "é🧵"]
    operations = [
        {"type": "track", "payload": {"event_name": name, "distinct_id": f"id {text}"}}
        for text in odd
    ]
    server.send("/api/v1/batch", {"operations": operations})
    server.wait_until(lambda: len(server.events(event_name=name)) == len(odd))

    for text in odd:
        (found,) = server.events(event_name=name, distinct_id=f"id {text}")
        assert found["distinct_id"] == f"id {text}"
        assert server.events(event_name=name, distinct_id=text) == []


def test_no_other_page_may_read_the_answer(server: Server) -> None:
    answer = server.get("/api/v1/events")

    assert "access-control-allow-origin" not in answer.headers
