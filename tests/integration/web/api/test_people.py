"""``GET /api/v1/people`` and ``GET /api/v1/aliases``, through a running server."""

from typing import Any
from urllib.parse import quote

import pytest
from tests.support.server import Server


@pytest.fixture(scope="module")
def known(server: Server) -> str:
    """Somebody with two ids, traits and events, and somebody with traits only."""
    operations: list[dict[str, Any]] = [
        {
            "type": "track",
            "payload": {
                "event_name": "people",
                "distinct_id": id_,
                "timestamp": f"2026-05-09T12:00:0{second}Z",
            },
        }
        for second, id_ in enumerate(("ppl anon/1", "ppl user"))
    ]
    operations += [
        {"type": "alias", "payload": {"alias_id": "ppl anon/1", "distinct_id": "ppl user"}},
        {"type": "alias", "payload": {"alias_id": "ppl anon/1", "distinct_id": "ppl thief"}},
        {
            "type": "people",
            "payload": {"distinct_id": "ppl anon/1", "properties": {"$name": "Ada"}},
        },
        {"type": "people", "payload": {"distinct_id": "ppl named", "properties": {"age": 36}}},
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(
        lambda: (
            [event["distinct_id"] for event in server.events(event_name="people")]
            == ["ppl user"] * 2
        )
    )
    return "ppl user"


def test_the_list_shows_people_with_all_their_ids_and_traits(server: Server, known: str) -> None:
    answer = server.get("/api/v1/people", {"search": "ppl "})

    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "people": [
            {
                "distinct_id": known,
                "aliases": ["ppl anon/1"],
                "properties": {"$name": "Ada"},
                "first_seen": "2026-05-09T12:00:00.000Z",
                "last_seen": "2026-05-09T12:00:01.000Z",
                "event_count": 2,
            },
            {
                "distinct_id": "ppl named",
                "aliases": [],
                "properties": {"age": 36},
                "first_seen": None,
                "last_seen": None,
                "event_count": 0,
            },
        ],
        "next_cursor": None,
    }


def test_people_are_asked_for_by_several_ids(server: Server, known: str) -> None:
    answer = server.get("/api/v1/people?id=ppl%20named&id=ppl%20anon%2F1&id=ppl%20nobody").json()

    assert [person["distinct_id"] for person in answer["people"]] == [known, "ppl named"]
    assert answer["next_cursor"] is None


def test_the_cursor_leads_through_the_list(server: Server, known: str) -> None:
    first = server.get("/api/v1/people", {"search": "ppl ", "limit": 1}).json()
    cursor = first["next_cursor"]
    second = server.get("/api/v1/people", {"search": "ppl ", "limit": 1, "cursor": cursor}).json()

    listed = [person["distinct_id"] for person in first["people"] + second["people"]]
    assert (listed, second["next_cursor"]) == ([known, "ppl named"], None)


@pytest.mark.parametrize("id_", ["ppl user", "ppl anon/1"])
def test_a_person_is_shown_by_any_of_their_ids(server: Server, known: str, id_: str) -> None:
    answer = server.get(f"/api/v1/people/{quote(id_, safe='')}")

    assert answer.status_code == 200
    person = answer.json()["person"]
    (alias,) = person.pop("aliases")
    assert person == {
        "distinct_id": known,
        "properties": {"$name": "Ada"},
        "first_seen": "2026-05-09T12:00:00.000Z",
        "last_seen": "2026-05-09T12:00:01.000Z",
        "event_count": 2,
    }
    assert (alias["alias_id"], alias["aliases"]) == ("ppl anon/1", [])
    assert alias["state"] in ("pending", "rewritten")


def test_events_are_found_by_any_id_of_their_person(server: Server, known: str) -> None:
    by_person = server.events(event_name="people", distinct_id=known)

    assert [event["anon_id"] for event in by_person] == ["", "ppl anon/1"]
    assert server.events(event_name="people", distinct_id="ppl anon/1") == by_person
    assert server.events(event_name="people", distinct_id="ppl thief") == []


def test_the_list_of_aliases_says_what_became_of_each(server: Server, known: str) -> None:
    (refused, stitched) = server.get("/api/v1/aliases", {"distinct_id": known}).json()["aliases"]

    assert refused.pop("created_at") >= stitched.pop("created_at")
    assert refused == {
        "alias_id": "ppl anon/1",
        "distinct_id": "ppl thief",
        "state": "refused",
        "reason": "second_parent",
    }
    assert stitched.pop("state") in ("pending", "rewritten")
    assert stitched == {"alias_id": "ppl anon/1", "distinct_id": known, "reason": None}


def test_nobody_has_an_id_that_was_never_seen(server: Server, known: str) -> None:
    for path in ("ppl%20nobody", f"{quote(known)}?environment=test"):
        unknown = server.get(f"/api/v1/people/{path}")
        assert unknown.status_code == 404
        assert unknown.json() == {"ok": False, "error": "No person has this id"}


@pytest.mark.parametrize("path", ["people", "people/someone", "aliases"])
def test_reading_wants_a_token(server: Server, path: str) -> None:
    assert server.get(f"/api/v1/{path}", token="wst_x").status_code == 401


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("people?limit=0", "limit: "),
        ("people?limit=201", "limit: "),
        ("people?cursor=AAAA", "cursor: "),
        ("people?environment=prod", "environment: "),
        ("people?id=x&search=y", "id: "),
        ("people?" + "id=x&" * 201, "id: "),
        (f"people?search={'x' * 1001}", "search: "),
        ("people/someone?environment=prod", "environment: "),
        ("aliases?limit=1001", "limit: "),
        ("aliases?cursor=WzFd", "cursor: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(server: Server, query: str, error: str) -> None:
    refused = server.get(f"/api/v1/{query}")

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)
