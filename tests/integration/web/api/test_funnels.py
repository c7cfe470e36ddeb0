"""``POST /api/v1/funnels``."""

from typing import Any

import pytest
from tests.support.server import Server

_PATH = "/api/v1/funnels"
_STEPS = [{"event_name": "funnel_seen"}, {"event_name": "funnel_done"}]
_RANGE = {"from": "2026-05-01", "to": "2026-05-04"}
_QUESTION = {"steps": _STEPS, "window_seconds": 3600, **_RANGE}


@pytest.fixture(scope="module", autouse=True)
def sent(server: Server) -> None:
    """One person who starts under another id, and one in the test environment."""

    def event(name: str, who: str, at: str, plan: str) -> dict[str, Any]:
        payload = {"event_name": name, "distinct_id": who, "timestamp": at}
        return {"type": "track", "payload": payload | {"properties": {"plan": plan}}}

    alias = {"alias_id": "funnel_anon", "distinct_id": "funnel_user"}
    live = [
        {"type": "alias", "payload": alias},
        event("funnel_seen", "funnel_anon", "2026-05-01T10:00:00Z", "free"),
        event("funnel_done", "funnel_user", "2026-05-01T10:30:00Z", "pro"),
    ]
    test = [event("funnel_seen", "funnel_tester", "2026-05-02T10:00:00Z", "free")]
    assert server.send("/api/v1/batch", {"operations": live}).status_code == 200
    assert server.send("/api/v1/batch", {"operations": test}, server.test_key).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="funnel_done")) == 1)
    tested = {"event_name": "funnel_seen", "environment": "test"}
    server.wait_until(lambda: len(server.events(**tested)) == 1)


def _ask(server: Server, question: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = server.ask(_PATH, question, params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _counts(steps: list[dict[str, Any]]) -> list[int]:
    return [step["count"] for step in steps]


def test_a_person_goes_on_under_another_id(server: Server) -> None:
    assert _counts(_ask(server, _QUESTION)["steps"]) == [1, 1]


def test_each_environment_has_its_own_people(server: Server) -> None:
    people_of = {"people_of": {"step": 2, "outcome": "dropped"}}

    assert _counts(_ask(server, _QUESTION, environment="test")["steps"]) == [1, 0]
    assert _ask(server, _QUESTION | people_of, environment="test")["people"] == ["funnel_tester"]
    assert _ask(server, _QUESTION | people_of)["people"] == []


def test_groups_are_those_of_the_first_event(server: Server) -> None:
    by_plan = _QUESTION | {"breakdown": {"property": "plan"}}

    (group,) = _ask(server, by_plan)["breakdowns"]

    assert (group["value"], _counts(group["steps"])) == ("free", [1, 1])
    free = _ask(server, by_plan | {"people_of": {"step": 2, "breakdown": "free"}})
    assert free["people"] == ["funnel_user"]
    assert _ask(server, by_plan | {"people_of": {"step": 2, "breakdown": "pro"}})["people"] == []


def test_days_are_those_of_the_time_zone(server: Server) -> None:
    in_tokyo = {"from": "2026-05-01T19:00", "to": "2026-05-01T19:15", "timezone": "Asia/Tokyo"}

    assert _counts(_ask(server, _QUESTION | in_tokyo)["steps"]) == [1, 0]


_NOT_BY = {"property": "plan", "operator": "by", "value": 1}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"steps": []}, "steps"),
        ({"steps": _STEPS * 11}, "steps"),
        ({"steps": [{"filters": []}]}, "steps[0].event_name"),
        ({"steps": [{"event_name": ""}]}, "steps[0].event_name"),
        (
            {"steps": [*_STEPS, {"event_name": "a", "filters": [_NOT_BY]}]},
            "steps[2].filters[0].operator",
        ),
        (
            {
                "order": "unordered",
                "steps": [
                    {
                        "event_name": "a",
                        "filters": [{"property": "plan", "operator": "is", "value": value}],
                    }
                    for value in range(6)
                ],
            },
            "steps",
        ),
        ({"window_seconds": None}, "window_seconds"),
        ({"window_seconds": 0}, "window_seconds"),
        ({"window_seconds": 10**9}, "window_seconds"),
        ({"order": "any"}, "order"),
        ({"from": "2026-06-01"}, "from"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"filters": [_NOT_BY]}, "filters[0].operator"),
        ({"filters": [{"cohort": "none", "operator": "in"}]}, "filters[0].cohort"),
        ({"breakdown": {"property": ""}}, "breakdown.property"),
        ({"people_of": {}}, "people_of.step"),
        ({"people_of": {"step": 0}}, "people_of.step"),
        ({"people_of": {"step": 3}}, "people_of.step"),
        ({"people_of": {"step": 1, "outcome": "dropped"}}, "people_of.step"),
        ({"people_of": {"step": 1, "outcome": "gone"}}, "people_of.outcome"),
        ({"people_of": {"step": 1, "breakdown": "pro"}}, "people_of.breakdown"),
        ({"people_of": {"step": 1, "cursor": "x"}}, "people_of.cursor"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_field_at_fault(
    server: Server, changed: dict[str, Any], field: str
) -> None:
    refused = server.ask(_PATH, {**_QUESTION, **changed})

    assert refused.status_code == 400, refused.text
    assert refused.json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize("text", ["' OR 1=1 --", "') --", "{project_id:String}", "`", "\\", "\0"])
def test_what_is_asked_stays_a_value(server: Server, text: str) -> None:
    filters = [{"property": text, "operator": "is", "value": text}]
    steps = [{"event_name": text, "filters": filters}, _STEPS[1]]
    question = {"steps": steps, "window_seconds": 60, **_RANGE, "breakdown": {"property": text}}

    assert _counts(_ask(server, question)["steps"]) == [0, 0]
