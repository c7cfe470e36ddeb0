"""``POST /api/v1/web`` and ``GET /api/v1/sessions``."""

import json
from typing import Any

import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server

_RANGE = {"from": "2026-04-09", "to": "2026-04-10"}


def _ask(server: Server, **question: Any) -> tuple[int, dict[str, Any]]:
    answer = server.ask("/api/v1/web", question)
    return answer.status_code, answer.json()


def _sessions(server: Server, **asked: Any) -> list[dict[str, Any]]:
    answer = server.get("/api/v1/sessions", {**_RANGE, **asked})
    assert answer.status_code == 200, answer.text
    sessions: list[dict[str, Any]] = answer.json()["sessions"]
    return sessions


def _view(id_: str, time: str, path: str, session: str = "", **properties: Any) -> dict[str, Any]:
    properties = {"$pathname": path, **({"$session_id": session} if session else {}), **properties}
    payload = {"event_name": "$pageview", "distinct_id": id_, "properties": properties}
    return {"type": "track", "payload": {**payload, "timestamp": f"2026-04-09T{time}Z"}}


@pytest.fixture(scope="module")
def visited(server: Server) -> None:
    """Somebody looks at two pages, signs in meanwhile, and comes again; somebody else bounces."""
    operations = [
        _view("web_anon", "10:00:00", "/", "web_s1", utm_source="news", utm_medium="email"),
        _view("web_1", "10:01:30", "/pricing", "web_s1"),
        _view("web_1", "12:00:00", "/pricing", **{"$referrer": "https://www.google.com/"}),
        _view("web_2", "11:00:00", "/"),
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(lambda: _ask(server, **_RANGE)[1].get("views") == 4)


def _alias(server: Server) -> None:
    alias = {"alias_id": "web_anon", "distinct_id": "web_1"}
    assert server.send("/api/v1/alias", alias).status_code == 200
    server.wait_until(lambda: _ask(server, **_RANGE)[1]["visitors"] == 2)


@pytest.mark.usefixtures("visited")
def test_a_stitch_makes_one_session_of_two_an_undo_takes_it_apart_an_erasure_away(
    server: Server, call: Call
) -> None:
    assert _ask(server, **_RANGE)[1] == {
        "ok": True, "visitors": 3, "sessions": 4, "views": 4, "bounce_rate": 1, "median_seconds": 0,
    }  # fmt: skip

    _alias(server)

    stitched = {
        "visitors": 2, "sessions": 3, "views": 4, "bounce_rate": 2 / 3, "median_seconds": 0,
    }  # fmt: skip
    assert _ask(server, **_RANGE)[1] == {"ok": True, **stitched}
    later, other, first = _sessions(server)
    assert first | {"distinct_id": "web_1", "channel": "Email", "utm_source": "news"} == first
    assert (first["seconds"], first["pages"], first["bounced"]) == (90, ["/", "/pricing"], False)
    assert (later["channel"], later["referrer"]) == ("Organic Search", "google.com")
    assert other["distinct_id"] == "web_2"
    assert len(_sessions(server, distinct_id="web_anon")) == 2
    status, answer = _ask(server, **_RANGE, breakdown="entry_page")
    assert [(row["value"], row["visitors"]) for row in answer["rows"]] == [
        ("/", 2),
        ("/pricing", 1),
    ]
    people = {"value": "/", "bounced": True}
    status, answer = _ask(server, **_RANGE, breakdown="entry_page", people_of=people)
    assert (status, answer["people"]) == (200, ["web_2"])

    call("DELETE", "/api/v1/aliases/web_anon")
    server.wait_until(lambda: _ask(server, **_RANGE)[1]["sessions"] == 4)

    _alias(server)
    call("DELETE", "/api/v1/people/web_anon")
    assert [one["distinct_id"] for one in _sessions(server)] == ["web_2"]


def test_a_sessions_events_are_found_by_what_the_list_says(server: Server) -> None:
    operations = [
        _view("line_1", "20:00:00", "/a"),
        _view("line_1", "20:01:00", "/b", "line_s"),
        _view("line_1", "20:02:00", "/c"),
    ]
    server.send("/api/v1/batch", {"operations": operations})
    server.wait_until(lambda: len(server.events(distinct_id="line_1")) == 3)

    for one in _sessions(server, distinct_id="line_1"):
        asked = {"distinct_id": "line_1", "session_id": one["session_id"], "from": one["start"]}
        found = server.get("/api/v1/events", {**asked, "to": "2026-04-09T20:02:00.001Z"}).json()
        assert len(found["events"]) == one["events"] == (1 if one["session_id"] else 2)


def test_the_list_is_filtered_and_goes_on(server: Server) -> None:
    operations = [_view(f"many_{n}", "06:00:00", f"/{n % 2}") for n in range(5)]
    server.send("/api/v1/batch", {"operations": operations})
    server.wait_until(lambda: len(server.events(event_name="$pageview", limit=50)) >= 5)
    entry = {"property": "entry_page", "operator": "is", "value": "/0", "on": "session"}
    asked: dict[str, str | int] = {**_RANGE, "filters": json.dumps([entry]), "limit": 2}

    server.wait_until(lambda: len(_sessions(server, **asked | {"limit": 10})) == 3)
    first = server.get("/api/v1/sessions", asked).json()
    second = server.get("/api/v1/sessions", {**asked, "cursor": first["next_cursor"]}).json()

    ids = [one["distinct_id"] for one in first["sessions"] + second["sessions"]]
    assert sorted(ids) == ["many_0", "many_2", "many_4"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"breakdown": "city"}, "breakdown: "),
        ({"breakdowns": ["page", "moon"]}, "breakdowns[1]: "),
        ({"limit": 0}, "limit: "),
        ({"interval": "minute"}, "interval: "),
        ({"people_of": {"value": "/"}}, "people_of.breakdown: "),
        ({"people_of": {"breakdown": "page"}}, "people_of.value: "),
        ({"people_of": {"interval": "2026-04-09"}}, "people_of.interval: "),
        (
            {"filters": [{"property": "x", "operator": "is_set", "on": "session"}]},
            "filters[0].property: ",
        ),
        (
            {"filters": [{"any": [{"property": "page", "operator": "is_set", "on": "session"}]}]},
            "filters[0].any[0].on: ",
        ),
        ({"filters": [{"cohort": "nobody", "operator": "in"}]}, "filters[0].cohort: "),
        (
            {"filters": [{"property": "page", "operator": "regex", "value": "(", "on": "session"}]},
            "filters[0].value: ",
        ),
    ],
)
def test_the_field_at_fault_is_named(server: Server, question: dict[str, Any], error: str) -> None:
    status, answer = _ask(server, **question)

    assert (status, answer["ok"]) == (400, False)
    assert answer["error"].startswith(error)
    if "filters" in question:
        listed = server.get("/api/v1/sessions", {"filters": json.dumps(question["filters"])})
        assert listed.json()["error"].startswith(error)


@pytest.mark.parametrize("text", ["{", "5", '[{"property": 5}]'])
def test_filters_of_the_list_that_are_none_are_refused(server: Server, text: str) -> None:
    answer = server.get("/api/v1/sessions", {"filters": text})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("filters")


def test_other_reports_have_no_filters_of_sessions(server: Server) -> None:
    one = {"property": "page", "operator": "is_set", "on": "session"}
    answer = server.ask("/api/v1/flows", {"event_name": "x", "filters": [one]})

    assert answer.json()["error"] == "filters[0].on: must be event or person"


def test_it_wants_a_token(server: Server) -> None:
    headers = {"authorization": "Bearer nobody's"}
    assert server.send("/api/v1/web", {}, headers=headers).status_code == 401
