"""``/api/v1/questions``, through a running server."""

import json
from typing import Any

import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server

PATH = "/api/v1/questions"
EVENT = "asked again"
QUERIES: dict[str, dict[str, Any]] = {
    "insights": {"events": [{"event_name": EVENT, "math": "unique"}], "interval": "day"},
    "funnels": {"steps": [{"event_name": EVENT}, {"event_name": None}], "window_seconds": 60},
    "retention": {"start_event": EVENT, "periods": 3, "interval": "week"},
    "flows": {"event_name": EVENT, "direction": "before", "depth": 2},
    "stickiness": {"event_name": EVENT, "interval": "week"},
    "lifecycle": {"event_name": None},
    "experiments": {
        "exposure": {"event_name": EVENT},
        "variant": {"property": "plan"},
        "control": "old",
        "variants": ["new"],
        "goal": {"event_name": EVENT},
    },
    "web": {"breakdown": "page", "interval": "day"},
}


def save(call: Call, body: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    sent = {"name": "Some", "surface": "insights", "query": QUERIES["insights"], **(body or {})}
    made = call("POST", PATH, sent, **params)
    assert made.status_code == 201, made.text
    question: dict[str, Any] = made.json()["question"]
    return question


@pytest.mark.parametrize("surface", QUERIES)
def test_a_saved_question_is_answered_by_its_surface_as_it_is(call: Call, surface: str) -> None:
    view = {"chart": "bars", "hidden": [1], "é": None}
    body = {"surface": surface, "query": QUERIES[surface], "range": "7d", "view": view}
    question = save(call, {"name": " Again ", **body})

    assert question["name"] == "Again"
    assert {name: question[name] for name in body} == body
    assert question["boards"] == []
    assert call("GET", f"{PATH}/{question['id']}").json() == {"ok": True, "question": question}
    assert question in call("GET", PATH).json()["questions"]
    assert call("POST", f"/api/v1/{surface}", question["query"]).status_code == 200


def test_a_change_leaves_what_it_does_not_name(call: Call) -> None:
    question = save(call, {"range": "30d", "view": {"chart": "line"}})
    path = f"{PATH}/{question['id']}"

    renamed = call("PATCH", path, {"name": "Guests"}).json()["question"]
    assert renamed == question | {"name": "Guests", "changed_at": renamed["changed_at"]}
    fixed = {**QUERIES["insights"], "from": "2026-05-01", "to": "2026-05-04"}
    refused = call("PATCH", path, {"query": fixed})
    assert (refused.status_code, refused.json()["error"][:11]) == (400, "query.from:")
    assert call("PATCH", path, {"range": "7d"}).json()["question"]["range"] == "7d"
    changed = call("PATCH", path, {"query": fixed, "range": None, "view": {}}).json()["question"]
    assert (changed["query"], changed["range"], changed["view"]) == (fixed, None, {})
    assert call("PATCH", path, {"range": "7d"}).status_code == 400
    assert call("PATCH", path, {"surface": "flows"}).status_code == 400
    assert call("PATCH", path, {"name": " "}).status_code == 400
    assert call("GET", path).json()["question"] == changed


def test_it_is_known_who_saved_a_question_and_who_changed_it(
    call: Call, tokens: dict[str, str]
) -> None:
    question = save(call)
    path = f"{PATH}/{question['id']}"
    changed = call("PATCH", path, {"name": "Guests"}, token=tokens["editor"]).json()["question"]

    assert (question["created_by"], question["changed_by"]) == ("first run", "first run")
    assert (changed["created_by"], changed["changed_by"]) == ("first run", "Bob's")
    assert changed["changed_at"] > question["changed_at"] == changed["created_at"]


def test_a_question_that_is_deleted_names_the_boards_that_it_was_on(call: Call) -> None:
    question = save(call)
    tiles = [{"question_id": question["id"]}]
    for name in ("Morning", "Evening"):
        call("POST", "/api/v1/boards", {"name": name, "tiles": tiles})

    path = f"{PATH}/{question['id']}"
    assert len(call("GET", path).json()["question"]["boards"]) == 2
    assert call("DELETE", path).json() == {"ok": True, "boards": ["Evening", "Morning"]}

    assert call("GET", path).status_code == 404
    assert question["id"] not in call("GET", "/api/v1/boards").text
    assert call("DELETE", path).status_code == 404


def test_a_viewer_reads_and_saves_nothing(call: Call, tokens: dict[str, str]) -> None:
    question = save(call)
    path = f"{PATH}/{question['id']}"
    viewer = tokens["viewer"]
    body = {"name": "x", "surface": "insights", "query": QUERIES["insights"]}

    for method, where, sent in (
        ("POST", PATH, body),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
    ):
        assert call(method, where, sent, token=viewer).status_code == 403
    assert call("GET", path, token=viewer).json()["question"] == question
    assert question in call("GET", PATH, token=viewer).json()["questions"]


def test_nobody_sees_the_questions_of_another_project_or_environment(
    call: Call, tokens: dict[str, str]
) -> None:
    question = save(call, {"name": "Secret"})
    path = f"{PATH}/{question['id']}"
    elsewhere: list[dict[str, Any]] = [{"token": tokens["stranger"]}, {"environment": "test"}]

    for asker in elsewhere:
        assert "Secret" not in call("GET", PATH, **asker).text
        for method, body in (
            ("GET", None),
            ("PATCH", {"name": "Mine"}),
            ("PATCH", {"range": "7d"}),
            ("DELETE", None),
        ):
            refused = call(method, path, body, **asker)
            assert refused.status_code == 404
            assert "Secret" not in refused.text
        own = save(call, **asker)
        assert own["id"] not in call("GET", PATH).text
    assert call("GET", path).json()["question"] == question


def test_a_cohort_of_another_environment_is_not_asked_about(call: Call) -> None:
    cohort = {"name": "Some", "kind": "static", "members": ["bob"]}
    made = call("POST", "/api/v1/cohorts", cohort).json()["cohort"]
    filter_ = {"cohort": made["id"], "operator": "in"}
    query = {**QUERIES["insights"], "filters": [filter_]}
    body = {"name": "x", "surface": "insights", "query": query}

    assert save(call, {"query": query})["query"] == query
    refused = call("POST", PATH, body, environment="test")
    assert refused.json()["error"] == (
        "query.filters[0].cohort: there is no such cohort in this environment"
    )


@pytest.mark.parametrize(
    "moving", ["24h", "4w", "yesterday", "last_quarter", "all", "2026-05-01.."]
)
def test_a_range_that_moves_on_is_kept_as_one(call: Call, moving: str) -> None:
    assert save(call, {"range": moving})["range"] == moving


_INSIGHTS = QUERIES["insights"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, ""),
        ({"name": 7}, "name"),
        ({"surface": "people"}, "surface"),
        ({"surface": "funnels"}, "query.events"),
        ({"query": []}, "query"),
        ({"query": {}}, "query.events"),
        ({"query": {**_INSIGHTS, "intervall": "day"}}, "query.intervall"),
        ({"query": {"events": [{"event_name": ""}]}}, "query.events[0].event_name"),
        (
            {"query": {**_INSIGHTS, "filters": [{"property": "x", "operator": "like"}]}},
            "query.filters[0].operator",
        ),
        ({"query": {**_INSIGHTS, "from": "yesterday"}}, "query.from"),
        ({"query": {**_INSIGHTS, "timezone": "Mars"}}, "query.timezone"),
        ({"query": {**_INSIGHTS, "people_of": {"series": 0}}}, "query.people_of"),
        ({"query": {**_INSIGHTS, "to": "2026-05-01"}, "range": "7d"}, "query.to"),
        ({"query": {"events": [{"event_name": "x" * 40_000}]}}, "query"),
        ({"range": "0d"}, "range"),
        ({"range": "last week"}, "range"),
        ({"range": "2026-05-01..2026-05-31"}, "range"),
        ({"range": 7}, "range"),
        ({"view": [1]}, "view"),
        ({"view": {"x": "y" * 40_000}}, "view"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_asked_is_not_saved_and_the_field_is_named(
    call: Call, body: dict[str, Any], field: str
) -> None:
    before = call("GET", PATH).json()
    whole = {"name": "Some", "surface": "insights", "query": _INSIGHTS, **body}

    refused = call("POST", PATH, whole)

    assert refused.status_code == 400, refused.text
    assert refused.json()["error"].startswith(f"{field}: " if field else "The name of a question")
    assert call("GET", PATH).json() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"view": {"x": float("nan")}}, "view.x"),
        ({"view": {"\udfff": 1}}, "view"),
        ({"query": {"events": [{"event_name": "\ud800"}]}}, "query.events[0].event_name"),
    ],
)
def test_what_no_json_of_unicode_text_says_is_refused(
    server: Server, body: dict[str, Any], field: str
) -> None:
    whole = {"name": "x", "surface": "insights", "query": _INSIGHTS, **body}

    refused = server.ask(PATH, json.dumps(whole).encode())

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize("text", ["' OR 1=1 --", "\\", "<script>alert(1)</script>", "é🧵", "%s"])
def test_texts_of_any_kind_are_only_texts(call: Call, text: str) -> None:
    query = {"events": [{"event_name": text}]}
    question = save(call, {"name": text, "query": query, "view": {text: text}})

    assert (question["name"], question["query"]) == (text, query)
    assert question["view"] == {text: text}
    assert call("GET", f"{PATH}/{text.replace('/', '')}").status_code == 404
