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


def test_a_step_may_be_any_of_several_events_and_may_be_left_out(server: Server) -> None:
    any_of = [{"event_name": "funnel_never"}, {"event_name": "funnel_seen"}]
    steps = [{"any_of": any_of}, {"event_name": "funnel_never", "optional": True}, _STEPS[1]]

    first, optional, last = _ask(server, _QUESTION | {"steps": steps})["steps"]

    assert first["any_of"] == ["funnel_never", "funnel_seen"]
    assert (first["count"], optional["count"], last["count"]) == (1, 0, 1)
    assert (optional["optional"], last["conversion_from_previous"]) == (True, 1.0)
    beside = {"event_name": "funnel_never", "any_of": [{"event_name": "funnel_seen"}]}
    assert _counts(_ask(server, _QUESTION | {"steps": [beside]})["steps"]) == [1]
    left_out = {"people_of": {"step": 2, "outcome": "dropped"}}
    assert _ask(server, _QUESTION | {"steps": steps} | left_out)["people"] == ["funnel_user"]


def test_what_is_excluded_ends_an_attempt_under_another_id_too(server: Server) -> None:
    steps = {"steps": [_STEPS[0], {"event_name": None}]}
    exclusions = {"exclusions": [{"event_name": "funnel_done"}]}

    assert _counts(_ask(server, _QUESTION | steps)["steps"]) == [1, 1]
    assert _counts(_ask(server, _QUESTION | steps | exclusions)["steps"]) == [1, 0]


def test_conversion_over_time_and_how_long_it_takes_name_their_people(server: Server) -> None:
    asked = _QUESTION | {"interval": "day", "histogram": 3}

    answer = _ask(server, asked)

    assert answer["conversion"] == [1.0, None, None]
    assert [step["counts"] for step in answer["steps"]] == [[1, 0, 0], [1, 0, 0]]
    assert answer["open"] == [False, False, True]
    assert answer["incomplete"] == [False, False, False]
    bucket = answer["histogram"]["buckets"][0]
    assert bucket == {"from_seconds": 1800.0, "to_seconds": 1800.001, "count": 1}
    for named, who in (
        ({"interval": answer["intervals"][0]}, ["funnel_user"]),
        ({"interval": answer["intervals"][1]}, []),
        ({"from_seconds": 1800.0, "to_seconds": 1800.001}, ["funnel_user"]),
        ({"from_seconds": 1800.001}, []),
    ):
        assert _ask(server, asked | {"people_of": {"step": 2, **named}})["people"] == who


def test_groups_of_several_breakdowns_are_named_by_all_of_them(server: Server) -> None:
    by = {"breakdowns": [{"property": "plan"}, {"property": "$os"}]}

    (group,) = _ask(server, _QUESTION | by)["breakdowns"]

    assert (group["value"], group["breakdowns"]) == ("free", ["free", None])
    theirs = {"people_of": {"step": 2, "breakdowns": ["free", None]}}
    assert _ask(server, _QUESTION | by | theirs)["people"] == ["funnel_user"]


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
        ({"steps": [{"any_of": []}]}, "steps[0].event_name"),
        ({"steps": [{"any_of": [{"event_name": ""}]}]}, "steps[0].any_of[0].event_name"),
        (
            {"steps": [{"any_of": [{"event_name": "a"}], "filters": [_NOT_BY]}]},
            "steps[0].filters",
        ),
        ({"steps": [{"event_name": "a", "optional": True}]}, "steps[0].optional"),
        ({"exclusions": [{"event_name": "a"}] * 9}, "exclusions"),
        ({"exclusions": [{"event_name": "a", "from_step": 0}]}, "exclusions[0].from_step"),
        ({"exclusions": [{"event_name": "a", "to_step": 3}]}, "exclusions[0].to_step"),
        ({"exclusions": [{"event_name": "a", "to_step": 1}]}, "exclusions[0].from_step"),
        (
            {"exclusions": [{"event_name": "a", "filters": [_NOT_BY]}]},
            "exclusions[0].filters[0].operator",
        ),
        ({"steps": _STEPS[:1], "exclusions": [{"event_name": "a"}]}, "exclusions[0]"),
        ({"interval": "year"}, "interval"),
        ({"interval": "hour", "from": "2020-01-01"}, "interval"),
        ({"histogram": 101}, "histogram"),
        ({"breakdowns": [{"property": ""}]}, "breakdowns[0].property"),
        ({"breakdowns": [{"property": "a", "limit": 100}] * 3}, "breakdowns"),
        ({"breakdown": {"property": "a"}, "breakdowns": [{"property": "b"}]}, "breakdowns"),
        ({"people_of": {"step": 1, "breakdowns": ["pro"]}}, "people_of.breakdowns"),
        (
            {
                "breakdowns": [{"property": "a"}],
                "people_of": {"step": 1, "breakdowns": ["x"], "are_values": []},
            },
            "people_of.are_values",
        ),
        ({"people_of": {"step": 1, "interval": "2026-05-01"}}, "people_of.interval"),
        (
            {"interval": "day", "people_of": {"step": 1, "interval": "2026-05-09"}},
            "people_of.interval",
        ),
        (
            {"people_of": {"step": 2, "outcome": "dropped", "from_seconds": 1}},
            "people_of.outcome",
        ),
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


def test_what_goes_together_with_converting_names_its_people(server: Server) -> None:
    asked = _QUESTION | {"correlations": 10}

    found = _ask(server, asked)["correlation"]

    assert (found["converted"], found["dropped"], found["undecided"]) == (1, 0, 0)
    assert found["left_out"] == ["funnel_done", "funnel_seen"]
    # There is nobody to compare with.
    assert found["correlations"] == []
    for cell, who in (
        ({"outcome": "converted"}, ["funnel_user"]),
        ({"outcome": "dropped"}, []),
        ({"outcome": "converted", "property": "plan", "value": "free"}, ["funnel_user"]),
        ({"outcome": "converted", "property": "plan", "value": "pro"}, []),
        (
            {"outcome": "converted", "event_name": "funnel_never", "present": False},
            ["funnel_user"],
        ),
    ):
        assert _ask(server, asked | {"people_of": {"correlated": cell}})["people"] == who


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"steps": _STEPS[:1], "correlations": 10}, "correlations"),
        ({"correlations": 1000}, "correlations"),
        ({"people_of": {"correlated": {"outcome": "converted"}}}, "people_of.correlated"),
        ({"people_of": {"outcome": "converted"}}, "people_of.step"),
        (
            {"correlations": 5, "people_of": {"step": 1, "correlated": {"outcome": "dropped"}}},
            "people_of.correlated",
        ),
        (
            {
                "correlations": 5,
                "people_of": {"correlated": {"outcome": "dropped", "event_name": "funnel_done"}},
            },
            "people_of.correlated.event_name",
        ),
        (
            {
                "correlations": 5,
                "people_of": {"correlated": {"outcome": "dropped", "property": "plan"}},
            },
            "people_of.correlated.value",
        ),
    ],
)
def test_what_correlations_cannot_be_asked_is_said(
    server: Server, question: dict[str, Any], field: str
) -> None:
    answer = server.ask(_PATH, _QUESTION | question)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"{field}: "), answer.text
