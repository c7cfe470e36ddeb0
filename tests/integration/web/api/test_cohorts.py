"""``/api/v1/cohorts``, through a running server."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server

_PATH = "/api/v1/cohorts"
_EVENT = "cohort_visit"
_PEOPLE = {"coh user", "coh anon 2", "coh other"}
_TODAY = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%d")
_FUNNEL = {
    "steps": [{"event_name": _EVENT}, {"event_name": "cohort_cart"}, {"event_name": "cohort_buy"}],
    "window_seconds": 86_400,
}


@pytest.fixture(scope="module", autouse=True)
def visits(server: Server) -> None:
    """Three people of this day, one of them under two ids; one bought, one stopped before."""
    at = datetime.fromisoformat(f"{_TODAY}T00:00:00Z")
    done = [
        ("coh anon", _EVENT, 0),
        ("coh user", "cohort_cart", 1),
        ("coh user", "cohort_buy", 2),
        ("coh anon 2", _EVENT, 0),
        ("coh anon 2", "cohort_cart", 3),
        ("coh other", _EVENT, 0),
    ]
    operations: list[dict[str, Any]] = [
        {"type": "alias", "payload": {"alias_id": "coh anon", "distinct_id": "coh user"}},
        {
            "type": "people",
            "payload": {"distinct_id": "coh anon", "properties": {"coh_plan": "it's pro"}},
        },
    ]
    operations += [
        {
            "type": "track",
            "payload": {
                "event_name": name,
                "distinct_id": who,
                "timestamp": (at + timedelta(minutes=minute)).isoformat(),
            },
        }
        for who, name, minute in done
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(lambda: len(server.events(event_name=_EVENT)) == 3)


def _make(call: Call, body: dict[str, Any], **params: Any) -> dict[str, Any]:
    made = call("POST", _PATH, {"name": "Some", **body}, **params)
    assert made.status_code == 201, made.text
    cohort: dict[str, Any] = made.json()["cohort"]
    assert call("GET", f"{_PATH}/{cohort['id']}", **params).json()["cohort"] == cohort
    return cohort


def _members(call: Call, cohort: dict[str, Any], **params: Any) -> set[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = call("GET", f"{_PATH}/{cohort['id']}/members", **page, **params).json()
        found += answer["members"]
        cursor = answer["next_cursor"]
        if cursor is None:
            assert len(set(found)) == len(found)
            return set(found)


def _static(call: Call, *ids: str) -> dict[str, Any]:
    return _make(call, {"kind": "static", "members": list(ids)})


def _dynamic(call: Call, *conditions: dict[str, Any]) -> dict[str, Any]:
    return _make(call, {"kind": "dynamic", "definition": {"all": list(conditions)}})


def test_a_dynamic_cohort_can_be_used_at_once(call: Call) -> None:
    visited = {"did": _EVENT, "within_days": 2}
    cohort = _dynamic(call, visited, {"did_not": "cohort_buy", "within_days": 2})

    assert cohort["definition"]["all"][0] == visited
    assert (cohort["kind"], cohort["state"], cohort["size"]) == ("dynamic", "ready", 2)
    assert cohort["refreshed_at"] is not None
    assert _members(call, cohort) == {"coh anon 2", "coh other"}
    assert cohort in call("GET", _PATH).json()["cohorts"]


def test_a_person_is_in_a_static_cohort_by_any_id(call: Call) -> None:
    cohort = _static(call, "coh anon", "coh user", "coh other", "coh unknown")

    assert (cohort["kind"], cohort["state"], cohort["size"]) == ("static", "ready", 3)
    assert _members(call, cohort) == {"coh user", "coh other", "coh unknown"}

    members = f"{_PATH}/{cohort['id']}/members"
    call("POST", members, {"members": ["coh anon 2", "coh anon"]})
    shrunk = call("DELETE", members, {"members": ["coh anon", "coh unknown"]})
    assert shrunk.json()["cohort"]["size"] == 2
    assert _members(call, cohort) == {"coh anon 2", "coh other"}


def test_cohorts_filter_events_people_and_other_cohorts(call: Call) -> None:
    cohort = _static(call, "coh anon", "coh other")
    inside = {"cohort": cohort["id"], "operator": "in"}
    outside = {"cohort": cohort["id"], "operator": "not_in"}

    def unique(filter_: dict[str, Any]) -> float:
        question = {"events": [{"event_name": _EVENT, "math": "unique"}], "filters": [filter_]}
        answer = call("POST", "/api/v1/insights", question)
        total: float = answer.json()["series"][0]["total"]
        return total

    assert (unique(inside), unique(outside)) == (2, 1)
    people = call("GET", "/api/v1/people", cohort=cohort["id"]).json()["people"]
    assert {one["distinct_id"] for one in people} == {"coh user", "coh other"}
    found = call("GET", "/api/v1/people", cohort=cohort["id"], search="COH U").json()["people"]
    assert [one["distinct_id"] for one in found] == ["coh user"]
    rest = _dynamic(call, {"did": _EVENT, "filters": [outside]})
    assert _members(call, rest) == {"coh anon 2"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            {
                "surface": "funnels",
                "query": {**_FUNNEL, "people_of": {"step": 3, "outcome": "dropped"}},
            },
            {"coh anon 2"},
        ),
        (
            {
                "surface": "insights",
                "query": {"events": [{"event_name": _EVENT}], "people_of": {"series": 0}},
            },
            _PEOPLE,
        ),
        (
            {
                "surface": "retention",
                "query": {
                    "start_event": _EVENT,
                    "return_event": "cohort_cart",
                    "periods": 0,
                    "from": _TODAY,
                    "people_of": {"cohort": _TODAY, "period": 0, "returned": False},
                },
            },
            {"coh other"},
        ),
        (
            {
                "surface": "flows",
                "query": {
                    "event_name": _EVENT,
                    "people_of": {"link": [f"0:{_EVENT}", "1:cohort_cart"]},
                },
            },
            {"coh user", "coh anon 2"},
        ),
    ],
)
def test_the_people_behind_a_number_become_a_cohort_in_one_call(
    call: Call, source: dict[str, Any], expected: set[str]
) -> None:
    cohort = _make(call, {"kind": "static", "people_of": source})

    assert _members(call, cohort) == expected
    assert cohort["size"] == len(expected)


def test_a_change_replaces_name_and_members_or_definition(call: Call) -> None:
    static = _static(call, "coh other")
    renamed = call("PUT", f"{_PATH}/{static['id']}", {"name": "Renamed", "kind": "static"})
    assert (renamed.json()["cohort"]["name"], _members(call, static)) == ("Renamed", {"coh other"})
    call("PUT", f"{_PATH}/{static['id']}", {"name": "R", "kind": "static", "members": ["coh user"]})
    assert _members(call, static) == {"coh user"}

    dynamic = _dynamic(call, {"did": _EVENT})
    changed = {"any": [{"property": "coh_plan", "operator": "is", "value": "it's pro"}]}
    body = {"name": "Pro", "kind": "dynamic", "definition": changed}
    answer = call("PUT", f"{_PATH}/{dynamic['id']}", body)
    assert answer.json()["cohort"]["definition"] == changed
    assert _members(call, dynamic) == {"coh user"}
    other_kind = call("PUT", f"{_PATH}/{dynamic['id']}", {"name": "x", "kind": "static"})
    assert (other_kind.status_code, other_kind.json()["error"][:5]) == (400, "kind:")


def test_a_refresh_takes_in_what_has_come_since(server: Server, call: Call) -> None:
    cohort = _dynamic(call, {"did": "cohort_later"})
    assert _members(call, cohort) == set()
    server.send("/api/v1/track", {"event_name": "cohort_later", "distinct_id": "coh other"})
    server.wait_until(lambda: bool(server.events(event_name="cohort_later")))

    refreshed = call("POST", f"{_PATH}/{cohort['id']}/refresh")

    assert refreshed.json()["cohort"]["size"] == 1
    assert refreshed.json()["cohort"]["refreshed_at"] > cohort["refreshed_at"]
    assert call("POST", f"{_PATH}/{_static(call)['id']}/refresh").status_code == 400


def test_a_cohort_that_others_refer_to_is_not_deleted(call: Call) -> None:
    first = _static(call, "coh user")
    second = _dynamic(call, {"cohort": first["id"], "operator": "in"})
    loop = {"all": [{"cohort": second["id"], "operator": "in"}]}

    refused = call("DELETE", f"{_PATH}/{first['id']}")
    assert (refused.status_code, "Some" in refused.json()["error"]) == (409, True)
    body = {"name": "x", "kind": "dynamic", "definition": loop}
    assert "leads back" in call("PUT", f"{_PATH}/{second['id']}", body).json()["error"]

    for cohort in (second, first):
        assert call("DELETE", f"{_PATH}/{cohort['id']}").json() == {"ok": True}
        assert call("GET", f"{_PATH}/{cohort['id']}").status_code == 404
        assert call("GET", "/api/v1/people", cohort=cohort["id"]).status_code == 400


def test_a_viewer_looks_and_does_not_touch(call: Call, tokens: dict[str, str]) -> None:
    cohort = _static(call, "coh user")
    path = f"{_PATH}/{cohort['id']}"
    members = {"members": ["coh other"]}
    whole = {"name": "x", "kind": "static", **members}

    for method, where, body in (
        ("POST", _PATH, whole),
        ("PUT", path, whole),
        ("DELETE", path, None),
        ("POST", f"{path}/members", members),
        ("DELETE", f"{path}/members", members),
        ("POST", f"{path}/refresh", None),
    ):
        assert call(method, where, body, token=tokens["viewer"]).status_code == 403
    for where in (_PATH, path, f"{path}/members"):
        assert call("GET", where, token=tokens["viewer"]).status_code == 200
    assert _members(call, cohort) == {"coh user"}


def test_nobody_sees_or_uses_the_cohorts_of_another_project_or_environment(
    call: Call, tokens: dict[str, str]
) -> None:
    cohort = _static(call, "coh user")
    path = f"{_PATH}/{cohort['id']}"
    elsewhere: list[dict[str, str]] = [{"token": tokens["stranger"]}, {"environment": "test"}]
    filter_ = {"cohort": cohort["id"], "operator": "not_in"}

    for asker in elsewhere:
        assert call("GET", _PATH, **asker).json()["cohorts"] == []
        for method, where in (("GET", path), ("DELETE", path), ("GET", f"{path}/members")):
            assert call(method, where, **asker).status_code == 404
        assert call("POST", f"{path}/members", {"members": ["x1"]}, **asker).status_code == 404
        definition = {"name": "x", "kind": "dynamic", "definition": {"any": [filter_]}}
        refused = call("POST", _PATH, definition, **asker)
        assert (refused.status_code, refused.json()["error"]) == (
            400,
            "definition.any[0].cohort: there is no such cohort in this environment",
        )
    assert _members(call, cohort) == {"coh user"}


_DID = {"did": _EVENT}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "odd"}, "kind"),
        ({"kind": "dynamic"}, "definition"),
        ({"kind": "dynamic", "definition": {"all": []}}, "definition.all"),
        ({"kind": "dynamic", "definition": {"all": [_DID], "any": [_DID]}}, "definition"),
        ({"kind": "dynamic", "definition": {"none": [_DID]}}, "definition.none"),
        ({"kind": "dynamic", "definition": {"all": [_DID] * 21}}, "definition.all"),
        ({"kind": "dynamic", "definition": {"all": [7]}}, "definition.all[0]"),
        (
            {"kind": "dynamic", "definition": {"all": [_DID | {"days": 3}]}},
            "definition.all[0].days",
        ),
        (
            {"kind": "dynamic", "definition": {"any": [_DID, _DID | {"at_least": 0}]}},
            "definition.any[1].at_least",
        ),
        (
            {"kind": "dynamic", "definition": {"any": [_DID | {"at_least": 3, "at_most": 2}]}},
            "definition.any[0].at_most",
        ),
        (
            {"kind": "dynamic", "definition": {"all": [_DID | {"within_days": True}]}},
            "definition.all[0].within_days",
        ),
        (
            {"kind": "dynamic", "definition": {"all": [{"did": ""}]}},
            "definition.all[0].did",
        ),
        (
            {"kind": "dynamic", "definition": {"all": [_DID | {"filters": [{"property": "x"}]}]}},
            "definition.all[0].filters[0].operator",
        ),
        (
            {
                "kind": "dynamic",
                "definition": {"all": [{"property": "x", "operator": "regex", "value": "("}]},
            },
            "definition.all[0].value",
        ),
        ({"kind": "dynamic", "definition": {"all": [_DID]}, "members": []}, "members"),
        ({"kind": "static", "definition": {"all": [_DID]}}, "definition"),
        ({"kind": "static", "members": ["ok", ""]}, "members[1]"),
        ({"kind": "static", "members": ["x"] * 10_001}, "members"),
        ({"kind": "static", "membres": []}, "membres"),
        ({"kind": "static", "people_of": {"surface": "x", "query": {}}}, "people_of.surface"),
        (
            {"kind": "static", "people_of": {"surface": "funnels", "query": _FUNNEL}},
            "people_of.query.people_of",
        ),
        (
            {"kind": "static", "people_of": {"surface": "insights", "query": {"events": 3}}},
            "people_of.query.events",
        ),
    ],
)
def test_what_cannot_be_a_cohort_is_refused_with_the_field_at_fault(
    call: Call, body: dict[str, Any], field: str
) -> None:
    before = call("GET", _PATH).json()

    refused = call("POST", _PATH, {"name": "Some", **body})

    assert refused.status_code == 400, refused.text
    assert refused.json()["error"].startswith(f"{field}: "), refused.text
    assert call("GET", _PATH).json() == before


@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", "\\", "{project_id:String}", "`", "%s", "') UNION ALL SELECT 1, 'x' --", "é🧵"],
)
def test_texts_of_any_kind_are_only_texts(call: Call, text: str) -> None:
    condition = {"property": text, "operator": "is", "value": text}
    cohort = _dynamic(
        call,
        {"did": text, "filters": [{**condition, "on": "event"}]},
        {**condition, "on": "person"},
    )
    static = _static(call, text)

    assert (cohort["state"], _members(call, cohort)) == ("ready", set())
    assert _members(call, static) == {text}
    call("DELETE", f"{_PATH}/{static['id']}/members", {"members": [text]})
    assert _members(call, static) == set()
    assert call("GET", f"{_PATH}/{text.replace('/', '')}").status_code == 404


def test_the_examples_of_the_docs_are_true(server: Server, call: Call) -> None:
    page = (Path(__file__).parents[4] / "docs" / "queries.md").read_text()
    section = page.partition("\n## Cohorts\n")[2].partition("\n## ")[0]
    events = re.findall(r"^\| (\S+Z) \| (\S+) \| (\S+) \|$", section, re.MULTILINE)
    blocks = re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for at, who, name in events:
        event = {"event_name": name, "distinct_id": who, "timestamp": at}
        server.send("/api/v1/track", event)
    last = events[-1][1]
    server.wait_until(lambda: bool(server.events(distinct_id=last)))

    for sent, said in zip(blocks[::2], blocks[1::2], strict=True):
        answer = json.loads(said)
        made = call("POST", _PATH, json.loads(sent)).json()
        for name in ("id", "refreshed_at", "created_at", "changed_at"):
            assert (made["cohort"][name] is None) == (answer["cohort"][name] is None)
            answer["cohort"][name] = made["cohort"][name]
        assert made == answer
    assert (len(events), len(blocks)) == (5, 4)
