"""``POST /api/v1/retention``."""

from typing import Any

import pytest
from tests.support.server import Server

_PATH = "/api/v1/retention"
_QUESTION = {
    "start_event": "retention_seen",
    "periods": 1,
    "from": "2026-05-01",
    "to": "2026-05-02",
}


@pytest.fixture(scope="module", autouse=True)
def sent(server: Server) -> None:
    """One person who comes back under another id, and one in the test environment."""

    def event(who: str, at: str) -> dict[str, Any]:
        payload = {"event_name": "retention_seen", "distinct_id": who, "timestamp": at}
        return {"type": "track", "payload": payload}

    alias = {"alias_id": "retention_anon", "distinct_id": "retention_user"}
    live = [
        {"type": "alias", "payload": alias},
        event("retention_anon", "2026-05-01T10:00:00Z"),
        event("retention_user", "2026-05-02T10:00:00Z"),
    ]
    test = [event("retention_tester", "2026-05-01T10:00:00Z")]
    assert server.send("/api/v1/batch", {"operations": live}).status_code == 200
    assert server.send("/api/v1/batch", {"operations": test}, server.test_key).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="retention_seen")) == 2)
    tested = {"event_name": "retention_seen", "environment": "test"}
    server.wait_until(lambda: len(server.events(**tested)) == 1)


def _ask(server: Server, question: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = server.ask(_PATH, question, params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_person_comes_back_under_another_id(server: Server) -> None:
    assert _ask(server, _QUESTION)["cohorts"] == [
        {"start": "2026-05-01T00:00:00.000Z", "size": 1, "returned": [1, 1]}
    ]


def test_each_environment_has_its_own_people(server: Server) -> None:
    gone = {"people_of": {"cohort": "2026-05-01", "period": 1, "returned": False}}

    (cohort,) = _ask(server, _QUESTION, environment="test")["cohorts"]

    assert (cohort["size"], cohort["returned"]) == (1, [1, 0])
    assert _ask(server, _QUESTION | gone, environment="test")["people"] == ["retention_tester"]
    assert _ask(server, _QUESTION | gone)["people"] == []


def test_days_are_those_of_the_time_zone(server: Server) -> None:
    answer = _ask(server, _QUESTION | {"timezone": "Pacific/Kiritimati"})

    assert answer["cohorts"] == [
        {"start": "2026-04-30T10:00:00.000Z", "size": 0, "returned": [0, 0]}
    ]


def test_periods_roll_from_the_start_of_each_person(server: Server) -> None:
    (cohort,) = _ask(server, _QUESTION | {"rolling": True, "measure": "returns"})["cohorts"]

    assert cohort["returned"] == cohort["values"] == [1, 1]


def test_several_intervals_are_one_period(server: Server) -> None:
    question = _QUESTION | {"periods": None, "brackets": [2, 4], "measure": "share"}

    (cohort,) = _ask(server, question)["cohorts"]

    assert (cohort["returned"], cohort["values"]) == ([1, 0], [1.0, 0.0])


def test_each_value_has_its_cohorts_and_their_people(server: Server) -> None:
    question = _QUESTION | {"breakdown": {"property": "$distinct_id"}}
    behind = {"cohort": "2026-05-01", "period": 1, "breakdown": "retention_user"}

    answer = _ask(server, question)

    assert answer["breakdowns"] == [{"value": "retention_user", "cohorts": answer["cohorts"]}]
    assert _ask(server, question | {"people_of": behind})["people"] == ["retention_user"]
    assert _ask(server, question | {"people_of": behind | {"breakdown": None}})["people"] == []


def test_what_cannot_be_known_yet_is_told(server: Server) -> None:
    question = {"start_event": None, "interval": "month", "periods": 2, "measure": "people"}

    answer = _ask(server, question)

    assert answer["incomplete"][-1] == [True, None, None]
    assert answer["cohorts"][-1]["values"][1:] == [None, None]


def test_what_does_not_begin_before_now_is_not_answered(server: Server) -> None:
    (cohort,) = _ask(server, {"start_event": None, "interval": "month", "periods": 3})["cohorts"][
        -1:
    ]

    assert len(cohort["returned"]) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"start_event": ""}, "start_event"),
        ({"return_event": ""}, "return_event"),
        ({"interval": "hour"}, "interval"),
        ({"periods": None}, "periods"),
        ({"periods": -1}, "periods"),
        ({"periods": 367}, "periods"),
        ({"periods": 366, "from": "2024-01-01"}, "interval"),
        ({"brackets": [1, 3]}, "brackets"),
        ({"periods": None, "brackets": [3, 1]}, "brackets"),
        ({"periods": None, "brackets": []}, "brackets"),
        ({"measure": "sum"}, "measure"),
        ({"rolling": 1}, "rolling"),
        ({"breakdown": {"property": ""}}, "breakdown.property"),
        ({"breakdown": {"property": "x"}, "periods": 366, "from": "2026-04-01"}, "interval"),
        ({"people_of": {"cohort": "2026-05-01", "breakdown": "x"}}, "people_of.breakdown"),
        ({"mode": "action"}, "mode"),
        ({"from": "2026-06-01"}, "from"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"filters": [{"property": "x", "operator": "by"}]}, "filters[0].operator"),
        ({"filters": [{"cohort": "none", "operator": "in"}]}, "filters[0].cohort"),
        ({"people_of": {}}, "people_of.cohort"),
        ({"people_of": {"cohort": "2026-05-03"}}, "people_of.cohort"),
        ({"people_of": {"cohort": "2026-05-01", "period": 2}}, "people_of.period"),
        ({"people_of": {"cohort": "2026-05-01", "returned": False}}, "people_of.period"),
        ({"people_of": {"cohort": "2026-05-01", "cursor": "x"}}, "people_of.cursor"),
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
    question = _QUESTION | {"start_event": text, "return_event": text, "filters": filters}
    broken = question | {"breakdown": {"property": text}, "rolling": True}

    for asked in (question, broken):
        (cohort,) = _ask(server, asked)["cohorts"]

        assert cohort["size"] == 0
