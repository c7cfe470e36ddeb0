"""``/api/v1/lexicon/names``, and what is asked by virtual names."""

from typing import Any

import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server

_NAMES = "/api/v1/lexicon/names"
_DAY = {"from": "2026-05-09T00:00:00Z", "to": "2026-05-10T00:00:00Z"}


def _say(call: Call, name: str, kind: str = "event", **said: Any) -> dict[str, Any]:
    answer = call("PATCH", _NAMES, {"kind": kind, "name": name, **said})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["name"]
    return found


def _names(server: Server) -> dict[str, Any]:
    return {one["name"]: one for one in server.get(_NAMES).json()["names"]}


def test_a_name_is_described_and_verified(call: Call, server: Server) -> None:
    said = _say(call, "named.tap", description="A tap.", tags=["ui"], verified=True)

    assert said == _names(server)["named.tap"]
    assert (said["display_name"], said["hidden"], said["any_of"]) == (None, False, None)
    assert said["verified_by"] is not None
    assert said["verified_at"] is not None
    assert _say(call, "named.tap", verified=False)["verified_by"] is None
    assert call("DELETE", _NAMES, kind="event", name="named.tap").status_code == 200
    assert "named.tap" not in _names(server)
    again = call("DELETE", _NAMES, kind="event", name="named.tap")
    assert again.status_code == 404


def test_events_are_found_by_tag_without_hidden_ones_and_by_how_long_they_are_unused(
    call: Call, server: Server
) -> None:
    for name, day in (("tagged.a", 1), ("tagged.b", 2), ("tagged.c", 3)):
        at = f"2026-05-0{day}T12:00:00Z"
        server.send("/api/v1/track", {"event_name": name, "distinct_id": "user_1", "timestamp": at})
    server.send("/api/v1/track", {"event_name": "tagged.new", "distinct_id": "user_1"})
    server.wait_until(lambda: len(server.events(event_name="tagged.new")) == 1)
    _say(call, "tagged.b", tags=["mine"], hidden=True)
    _say(call, "tagged.c", tags=["mine"])

    def listed(**parameters: Any) -> list[str]:
        asked: dict[str, Any] = {
            "search": "tagged.",
            "properties": "false",
            "unused_days": 1,
        } | parameters
        asked = {name: value for name, value in asked.items() if value is not None}
        found: list[str] = []
        while True:
            page = server.get("/api/v1/lexicon", asked).json()
            found += [one["event_name"] for one in page["events"]]
            if page["next_cursor"] is None:
                return found
            asked["cursor"] = page["next_cursor"]

    assert listed() == ["tagged.a", "tagged.b", "tagged.c"]
    assert listed(hidden="false") == ["tagged.a", "tagged.c"]
    assert listed(tag="mine") == ["tagged.b", "tagged.c"]
    assert listed(tag="mine", hidden="false") == ["tagged.c"]
    assert listed(tag="none") == []
    everything = {"unused_days": None, "from": "2026-01-01", "sort": "last_seen", "limit": 1}
    assert listed(**everything) == ["tagged.a", "tagged.b", "tagged.c", "tagged.new"]


def test_merged_events_and_properties_from_expressions_are_asked_by_their_names(
    call: Call, server: Server
) -> None:
    for name, amount in (("virtual.signup", 250), ("virtual.joined", 150), ("virtual.other", 1)):
        server.send(
            "/api/v1/track",
            {
                "event_name": name,
                "distinct_id": f"user of {name}",
                "timestamp": "2026-05-09T12:00:00Z",
                "properties": {"virtual_amount": amount},
            },
        )
    server.wait_until(lambda: len(server.events(event_name="virtual.other")) == 1)
    merged = [{"event_name": "virtual.signup"}, {"event_name": "virtual.joined"}]
    _say(call, "Virtual", any_of=merged)
    _say(call, "virtual price", "property", expression="virtual_amount / 100")

    sums = {"event_name": "Virtual", "math": "sum", "property": "virtual price"}
    question = {"events": [sums], "interval": "day"}
    assert server.ask("/api/v1/insights", question | _DAY).json()["series"][0]["total"] == 4
    assert len(server.events(event_name="Virtual")) == 2
    values = {"event_name": "Virtual", "name": "virtual price"}
    found = server.get("/api/v1/properties/values", values).json()["values"]
    assert [one["value"] for one in found] == ["1.5", "2.5"]

    saved = {"name": "Sum", "surface": "insights", "query": question}
    id_ = call("POST", "/api/v1/questions", saved).json()["question"]["id"]
    refused = call("DELETE", _NAMES, kind="event", name="Virtual")
    assert refused.status_code == 409
    assert "the question Sum" in refused.json()["error"]
    call("DELETE", f"/api/v1/questions/{id_}")
    cohort = {"name": "Dear", "kind": "dynamic", "definition": {"all": [{"did": "Virtual"}]}}
    made = call("POST", "/api/v1/cohorts", cohort).json()["cohort"]["id"]
    server.wait_until(
        lambda: len(server.get("/api/v1/people", {"cohort": made}).json()["people"]) == 2
    )
    refused = call("DELETE", _NAMES, kind="event", name="Virtual")
    assert "the cohort Dear" in refused.json()["error"]
    call("DELETE", f"/api/v1/cohorts/{made}")
    call("DELETE", _NAMES, kind="event", name="Virtual")
    assert server.events(event_name="Virtual") == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"kind": "event", "name": ""}, "name: "),
        ({"kind": "event", "name": "x" * 501}, "name: "),
        ({"kind": "event", "name": "a\0"}, "name: must be Unicode text"),
        ({"kind": "thing", "name": "x"}, "kind: "),
        ({"kind": "event", "name": "x", "tags": ["y" * 51]}, "tags[0]: "),
        ({"kind": "event", "name": "x", "description": "y" * 2001}, "description: "),
        ({"kind": "event", "name": "x", "any_of": []}, "any_of: "),
        ({"kind": "trait", "name": "x", "any_of": [{"event_name": "y"}]}, "any_of: is for"),
        ({"kind": "event", "name": "x", "any_of": [{"name": "y"}]}, "any_of[0].name: does not"),
        ({"kind": "event", "name": "x", "expression": "1"}, "expression: is for"),
        ({"kind": "property", "name": "$os", "expression": "1"}, "name: $os is a column"),
        ({"kind": "property", "name": "x", "expression": "1 +"}, "expression: character 4: "),
        (
            {"kind": "property", "name": "x", "expression": "nope(1)"},
            "expression: character 1: there",
        ),
        ({"kind": "property", "name": "x", "expression": "1" * 1001}, "expression: "),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_field(
    call: Call, server: Server, body: dict[str, Any], error: str
) -> None:
    answer = call("PATCH", _NAMES, body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert "x" not in _names(server)


def test_who_may_only_look_changes_no_names(call: Call, tokens: dict[str, str]) -> None:
    refused = call("PATCH", _NAMES, {"kind": "event", "name": "x"}, token=tokens["viewer"])

    assert refused.status_code == 403
    assert call("GET", _NAMES, token=tokens["viewer"]).status_code == 200
    assert call("GET", _NAMES, token=tokens["stranger"]).json()["names"] == []
