"""``POST /api/v1/insights``."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.command import registry_of
from tests.support.server import Server

_PATH = "/api/v1/insights"
_RANGE = {"from": "2026-05-01", "to": "2026-05-04"}
_SECRET = "confidential-7c1f"
_BREAKING = [
    "'; DROP TABLE events; --",
    "' OR project_id != '",
    "` FROM events --",
    "a`.`b",
    "\\",
    "{project_id:String}",
    "%s %(v0)s",
    "') UNION ALL SELECT 0, properties_sent, 0, 0, [1] FROM events --",
    "\0",
    "😀\u202e",
]


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    """Events of three days in May: two people, one of them first seen under another id."""
    event = {"event_name": "insight"}
    visits = [
        ("anon_1", "2026-05-01T08:00:00Z", {"plan": "free", "price": 10}),
        ("user_1", "2026-05-01T22:30:00Z", {"plan": "pro", "price": "2.5"}),
        ("user_1", "2026-05-03T09:00:00Z", {"plan": "pro"}),
        ("user_2", "2026-05-03T10:00:00Z", {"price": 4}),
    ]
    operations: list[dict[str, Any]] = [
        {"type": "alias", "payload": {"alias_id": "anon_1", "distinct_id": "user_1"}}
    ]
    operations += [
        {
            "type": "track",
            "payload": event | {"distinct_id": who, "timestamp": at, "properties": properties},
        }
        for who, at, properties in visits
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="insight")) == len(visits))
    return "insight"


def _ask(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    answer = server.ask(_PATH, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_numbers_come_by_interval_and_in_total(server: Server, name: str) -> None:
    events = [{"event_name": name}, {"event_name": name, "math": "unique"}]
    events.append({"event_name": name, "math": "sum", "property": "price"})

    assert _ask(server, {"events": events, **_RANGE}) == {
        "ok": True,
        "intervals": [f"2026-05-0{day}T00:00:00.000Z" for day in (1, 2, 3)],
        "series": [
            {"event_name": name, "breakdown": None, "values": [2, 0, 2], "total": 4},
            {"event_name": name, "breakdown": None, "values": [1, 0, 2], "total": 2},
            {"event_name": name, "breakdown": None, "values": [12.5, 0.0, 4.0], "total": 16.5},
        ],
        "incomplete": [False, False, False],
    }


def _lines(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(line["breakdown"], line["values"], line["total"]) for line in answer["series"]]


def test_formulas_are_worked_out_of_the_series_behind_them(server: Server, name: str) -> None:
    events = [{"event_name": name}, {"event_name": name, "math": "unique", "name": "people"}]
    question = {"events": events, **_RANGE, "formulas": [{"expression": "a / B", "unit": "each"}]}

    *series, formula = _ask(server, question)["series"]

    assert [line.get("name") for line in series] == [None, "people"]
    assert formula == {
        "event_name": None,
        "breakdown": None,
        "values": [2, None, 1],
        "total": 2,
        "formula": "a / B",
        "unit": "each",
    }


def test_formulas_and_the_line_for_all_have_the_groups_of_the_first_series(
    server: Server, name: str
) -> None:
    events = [{"event_name": name}, {"event_name": name, "math": "sum", "property": "price"}]
    asked = {"events": events, **_RANGE, "with_total": True, "interval": "month"}
    asked |= {"breakdown": {"property": "plan", "limit": 1}, "formulas": [{"expression": "B/A"}]}

    assert _lines(_ask(server, asked)) == [
        *(("pro", [2], 2), ("$other", [1], 1), (None, [1], 1), ("$all", [4], 4)),
        *(("pro", [2.5], 2.5), ("$other", [10.0], 10.0), (None, [4.0], 4.0)),
        ("$all", [16.5], 16.5),
        *(("pro", [1.25], 1.25), ("$other", [10.0], 10.0), (None, [4.0], 4.0)),
        ("$all", [4.125], 4.125),
    ]
    behind = _ask(server, asked | {"people_of": {"series": 1, "breakdown": "$all"}})
    assert sorted(behind["people"]) == ["user_1", "user_2"]


def test_a_range_is_compared_with_the_one_before_in_the_same_groups(
    server: Server, name: str
) -> None:
    asked: dict[str, Any] = {"events": [{"event_name": name}], "compare": {"period": "previous"}}
    asked |= {"from": "2026-05-03", "to": "2026-05-05"}
    asked |= {"breakdown": {"property": "plan"}}

    answer = _ask(server, asked)

    assert answer["compared"]["intervals"] == [f"2026-05-0{day}T00:00:00.000Z" for day in (1, 2)]
    assert _lines(answer) == [("pro", [1, 0], 1), (None, [1, 0], 1)]
    assert _lines(answer["compared"]) == [("pro", [1, 0], 1), ("$other", [1, 0], 1)]
    people_of = {"series": 0, "breakdown": "pro", "compared": True}
    assert _ask(server, asked | {"people_of": people_of})["people"] == ["user_1"]


def test_numbers_are_added_up_averaged_and_of_trailing_days(server: Server, name: str) -> None:
    unique = {"event_name": name, "math": "unique"}
    days = {"events": [unique | {"rolling_days": 2}], **_RANGE}
    each = {"event_name": name, "math": "sum", "property": "price", "per_person": "avg"}

    assert _lines(_ask(server, days)) == [(None, [1, 1, 2], 2)]
    added = {"events": [{"event_name": name}, unique], **_RANGE, "cumulative": True}
    assert _lines(_ask(server, added)) == [(None, [2, 2, 4], 4), (None, [1, 1, 2], 2)]
    averaged = {"events": [{"event_name": name}], **_RANGE, "moving_average": 2}
    assert _lines(_ask(server, averaged)) == [(None, [2.0, 1.0, 1.0], 4)]
    assert _lines(_ask(server, {"events": [each], **_RANGE})) == [(None, [12.5, None, 4.0], 8.25)]


def test_numbers_fall_into_as_many_ranges_and_people_into_cohorts(
    server: Server, name: str
) -> None:
    cohort = {"name": "Ones", "kind": "static", "members": ["user_1"]}
    made = server.ask("/api/v1/cohorts", cohort).json()["cohort"]["id"]
    asked: dict[str, Any] = {"events": [{"event_name": name}], **_RANGE, "interval": "month"}
    price = {"property": "price", "buckets": 3}

    halves = _ask(server, asked | {"breakdowns": [price, {"cohorts": [made]}]})

    assert {(*line["breakdowns"], line["total"]) for line in halves["series"]} == {
        *(("< 4", made, 1), ("[4, 10)", None, 1), (">= 10", made, 1), (None, made, 1)),
    }
    people_of = {"series": 0, "breakdowns": ["[4, 10)", None]}
    asked |= {"breakdowns": [price, {"cohorts": [made]}], "people_of": people_of}
    assert _ask(server, asked)["people"] == ["user_2"]


def test_with_several_breakdowns_a_value_is_told_from_the_rest_of_its_name(
    server: Server, name: str
) -> None:
    for plan, who in (
        ("$other", "ann"),
        ("$other", "ann"),
        ("pro", "bob"),
        ("pro", "cid"),
        ("max", "dan"),
    ):
        server.send(
            "/api/v1/track",
            {
                "event_name": f"{name} told",
                "distinct_id": f"user_{who}",
                "properties": {"plan": plan},
            },
        )
    server.wait_until(lambda: len(server.events(event_name=f"{name} told")) == 5)
    by = [{"property": "plan", "limit": 2}, {"property": "no such"}]
    asked: dict[str, Any] = {"events": [{"event_name": f"{name} told"}], "breakdowns": by}

    lines = _ask(server, asked)["series"]

    told = [(*line["breakdowns"], line.get("are_values"), line["total"]) for line in lines]
    assert sorted(told, key=str) == [
        ("$other", None, None, 1),
        ("$other", None, [True, False], 2),
        ("pro", None, None, 2),
    ]
    for are_values, expected in (([True, False], ["user_ann"]), ([False, False], ["user_dan"])):
        people_of = {"series": 0, "breakdowns": ["$other", None], "are_values": are_values}
        assert _ask(server, asked | {"people_of": people_of})["people"] == expected


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (
            {
                "breakdowns": [{"property": "plan"}],
                "people_of": {"series": 0, "breakdowns": ["pro"], "are_values": []},
            },
            "people_of.are_values",
        ),
        ({"formulas": [{"expression": "C"}]}, "formulas[0].expression"),
        ({"formulas": [{"expression": "__import__('os')"}]}, "formulas[0].expression"),
        ({"formulas": [{"expression": "1"}]}, "formulas[0].expression"),
        ({"formulas": [{"expression": "(" * 150 + "A"}]}, "formulas[0].expression"),
        ({"events": [{"event_name": "x", "rolling_days": 7}]}, "events[0].rolling_days"),
        (
            {"events": [{"event_name": "x", "math": "unique", "per_person": "avg"}]},
            "events[0].per_person",
        ),
        (
            {
                "events": [{"event_name": "x", "math": "avg", "property": "p"}],
                "cumulative": True,
            },
            "cumulative",
        ),
        ({"compare": {}}, "compare"),
        ({"breakdowns": [{}]}, "breakdowns[0]"),
        ({"breakdowns": [{"property": "a", "buckets": [2, 1]}]}, "breakdowns[0].buckets"),
        ({"breakdowns": [{"property": "a", "buckets": 1}]}, "breakdowns[0].buckets"),
        ({"breakdowns": [{"cohorts": ["gone"]}]}, "breakdowns[0].cohorts[0].cohort"),
        ({"breakdowns": [{"cohorts": ["a"]}, {"cohorts": ["b"]}]}, "breakdowns"),
        ({"breakdowns": [{"property": "a"}], "breakdown": {"property": "b"}}, "breakdowns"),
        ({"compare": {"days": 1, "period": "year"}}, "compare"),
        ({"people_of": {"series": 0, "compared": True}}, "people_of.compared"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_by_its_field(
    server: Server, changed: dict[str, Any], field: str
) -> None:
    answer = server.ask(_PATH, {"events": [{"event_name": "x"}], **_RANGE} | changed)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].startswith(f"{field}: ")


def test_days_are_those_of_the_time_zone(server: Server, name: str) -> None:
    answer = _ask(server, {"events": [{"event_name": name}], **_RANGE, "timezone": "Europe/Berlin"})

    assert answer["intervals"][0] == "2026-04-30T22:00:00.000Z"
    assert answer["series"][0]["values"] == [1, 1, 2]


def test_groups_of_a_breakdown_are_series_of_their_own(server: Server, name: str) -> None:
    question = {"events": [{"event_name": name}], **_RANGE}

    answer = _ask(server, question | {"breakdown": {"property": "plan", "limit": 1}})

    assert [(line["breakdown"], line["values"]) for line in answer["series"]] == [
        ("pro", [1, 0, 1]),
        ("$other", [1, 0, 0]),
        (None, [0, 0, 1]),
    ]


def test_behind_a_number_are_its_people(server: Server, name: str) -> None:
    question = {
        "events": [{"event_name": name, "math": "unique"}],
        **_RANGE,
        "breakdown": {"property": "plan"},
    }

    def people(**selected: Any) -> list[str]:
        asked = question | {"people_of": {"series": 0, **selected}}
        return sorted(_ask(server, asked)["people"])

    assert people() == ["user_1", "user_2"]
    assert people(interval="2026-05-01T00:00:00Z") == ["user_1"]
    assert people(breakdown=None) == ["user_2"]
    assert people(breakdown="pro", interval="2026-05-02") == []


def test_people_come_in_pages(server: Server, name: str) -> None:
    question = {"events": [{"event_name": name}], **_RANGE}
    first = _ask(server, question | {"people_of": {"series": 0, "limit": 1}})
    cursor = first["next_cursor"]
    second = _ask(server, question | {"people_of": {"series": 0, "limit": 1, "cursor": cursor}})

    assert sorted(first["people"] + second["people"]) == ["user_1", "user_2"]
    assert second["next_cursor"] is None


def test_filters_narrow_single_series_and_all_of_them(server: Server, name: str) -> None:
    pro = {"property": "plan", "operator": "is", "value": "pro"}
    somebody = {"property": "$distinct_id", "operator": "is", "value": "anon_1"}
    events = [{"event_name": name, "filters": [pro]}, {"event_name": name}]

    answer = _ask(server, {"events": events, **_RANGE, "filters": [somebody]})

    assert [line["total"] for line in answer["series"]] == [2, 3]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"events": []}, "events"),
        ({"events": None}, "events"),
        ({"events": [{"event_name": "a"}] * 21}, "events"),
        ({"events": [{"math": "total"}]}, "events[0].event_name"),
        ({"events": [{"event_name": ""}]}, "events[0].event_name"),
        ({"events": [{"event_name": "a", "math": "mode"}]}, "events[0].math"),
        ({"events": [{"event_name": "a", "math": "sum"}]}, "events[0].property"),
        ({"events": [{"event_name": "a", "property": "x"}]}, "events[0].property"),
        ({"events": [{"event_name": "a", "filter": []}]}, "events[0].filter"),
        (
            {"events": [{"event_name": "a"}, {"event_name": "b", "filters": [{"operator": "is"}]}]},
            "events[1].filters[0].property",
        ),
        ({"filters": [{"property": "x", "operator": "equals"}]}, "filters[0].operator"),
        ({"filters": [{"property": "x", "operator": "gt", "value": [1]}]}, "filters[0].value"),
        (
            {"filters": [{"property": "x", "operator": "regex", "value": ["ok", "(no"]}]},
            "filters[0].value[1]",
        ),
        ({"filters": [{"cohort": "none", "operator": "in"}]}, "filters[0].cohort"),
        ({"from": "yesterday"}, "from"),
        ({"to": 5}, "to"),
        ({"from": "2026-06-01"}, "from"),
        ({"interval": "year"}, "interval"),
        ({"interval": "hour", "from": "2020-01-01"}, "interval"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"breakdown": {}}, "breakdown.property"),
        ({"breakdown": {"property": ""}}, "breakdown.property"),
        ({"breakdown": {"property": "x", "limit": 101}}, "breakdown.limit"),
        ({"breakdown": {"property": "x", "on": "group"}}, "breakdown.on"),
        ({"people_of": {}}, "people_of.series"),
        ({"people_of": {"series": 1}}, "people_of.series"),
        ({"people_of": {"series": 0, "interval": "2026-05-01T01:00:00Z"}}, "people_of.interval"),
        ({"people_of": {"series": 0, "breakdown": "x"}}, "people_of.breakdown"),
        ({"people_of": {"series": 0, "cursor": "x"}}, "people_of.cursor"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_field_at_fault(
    server: Server, changed: dict[str, Any], field: str
) -> None:
    refused = server.ask(_PATH, {"events": [{"event_name": "a"}], **_RANGE, **changed})

    assert refused.status_code == 400, refused.text
    assert refused.json()["ok"] is False
    assert refused.json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"events": [\xff]}', b"[" * 100_000])
def test_what_is_no_question_is_refused(server: Server, body: bytes) -> None:
    assert server.ask(_PATH, body).status_code == 400


def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    assert server.ask(_PATH, b'{"events": "' + b"x" * 2**20 + b'"}').status_code == 413


def test_without_a_token_nothing_is_answered(server: Server) -> None:
    assert server.ask(_PATH, {"events": [{"event_name": None}]}, token="wst_x").status_code == 401


@pytest.fixture(scope="module")
def stranger(server: Server) -> Iterator[str]:
    """A token of another project, whose only event is a test event."""
    with registry_of(server.data_dir) as registry:
        project = registry.create_project("Strangers").project
        yield registry.create_token(project.id, "admin", None).secret


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    """What one project sent in its live environment, and another one may not see."""
    event = {
        "event_name": _SECRET,
        "distinct_id": _SECRET,
        "timestamp": "2026-05-02T00:00:00Z",
        "properties": {"plan": _SECRET, "price": 1},
    }
    person = {"distinct_id": _SECRET, "properties": {"plan": _SECRET}}
    server.send("/api/v1/people", person)
    server.send("/api/v1/track", event)
    server.wait_until(lambda: len(server.events(event_name=_SECRET)) == 1)
    return _SECRET


_QUESTION: dict[str, Any] = {
    "events": [
        {
            "event_name": None,
            "math": "sum",
            "property": "price",
            "filters": [{"property": "plan", "operator": "is_not", "value": "x"}],
        }
    ],
    **_RANGE,
    "breakdown": {"property": "plan", "on": "event"},
    "filters": [{"property": "plan", "operator": "is_not", "value": "x", "on": "person"}],
    "timezone": "UTC",
    "interval": "day",
    "people_of": {"series": 0, "breakdown": "x", "interval": "2026-05-02", "cursor": "x"},
}
_STRINGS: list[tuple[str | int, ...]] = [
    ("events", 0, "event_name"),
    ("events", 0, "property"),
    ("events", 0, "filters", 0, "property"),
    ("events", 0, "filters", 0, "value"),
    ("events", 0, "filters", 0, "operator"),
    ("filters", 0, "property"),
    ("filters", 0, "value"),
    ("filters", 0, "on"),
    ("breakdown", "property"),
    ("breakdown", "on"),
    ("timezone",),
    ("interval",),
    ("from",),
    ("people_of", "breakdown"),
    ("people_of", "interval"),
    ("people_of", "cursor"),
]


@pytest.mark.parametrize("place", _STRINGS, ids=lambda place: ".".join(map(str, place)))
def test_nothing_that_is_asked_shows_what_others_sent(
    server: Server, secret: str, stranger: str, place: tuple[str | int, ...]
) -> None:
    asked = [(text, stranger, "live") for text in [*_BREAKING, secret]]
    for text, token, environment in [*asked, (secret, server.token, "test")]:
        question = copy.deepcopy(_QUESTION)
        if place[0] != "people_of":
            del question["people_of"]
        elif place[1] != "cursor":
            del question["people_of"]["cursor"]
        target: Any = question
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = text
        answer = server.ask(_PATH, question, {"environment": environment}, token)

        assert answer.status_code in (200, 400), (text, answer.text)
        if answer.status_code == 200:
            found = answer.json()
            # What was asked for comes back, as the name of a series that counts nothing.
            assert found.get("people", []) == []
            assert all(line["total"] == 0 for line in found.get("series", []))
            # Other tests of the run send test events, too.
            assert all(line["breakdown"] != secret for line in found.get("series", []))
    assert len(server.events(event_name=secret)) == 1


def test_the_examples_that_are_described_are_answered(server: Server) -> None:
    described = server.get("/openapi.json").json()["paths"][_PATH]["post"]
    examples = described["requestBody"]["content"]["application/json"]["examples"]
    shown = described["responses"]["200"]["content"]["application/json"]["examples"]

    answers = [_ask(server, example["value"]) for example in examples.values()]

    fields = {tuple(one for one in answer if one != "compared") for answer in answers}
    assert sorted(fields) == sorted(tuple(one["value"]) for one in shown.values())
