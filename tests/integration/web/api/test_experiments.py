"""``POST /api/v1/experiments``."""

from typing import Any

import pytest
from tests.support.server import Server

_PATH = "/api/v1/experiments"
_QUESTION = {
    "exposure": {"event_name": "offer_shown"},
    "variant": {"property": "offer"},
    "control": "old",
    "variants": ["new"],
    "goal": {"event_name": "offer_taken"},
    "from": "2026-05-01",
    "to": "2026-05-04",
}
_WAY = {"steps": [{"event_name": "offer_read"}, {"event_name": "offer_taken"}]}


@pytest.fixture(scope="module", autouse=True)
def sent(server: Server) -> None:
    """One who goes on under another id, one who sees both, and one who only sees the old one."""

    def event(name: str, who: str, at: str, **properties: Any) -> dict[str, Any]:
        payload = {"event_name": name, "distinct_id": who, "timestamp": f"2026-05-01T{at}:00Z"}
        return {"type": "track", "payload": payload | {"properties": properties}}

    alias = {"alias_id": "offer_anon", "distinct_id": "offer_user"}
    live = [
        {"type": "alias", "payload": alias},
        event("offer_shown", "offer_anon", "10:00", offer="new"),
        event("offer_read", "offer_anon", "10:10"),
        event("offer_taken", "offer_user", "10:30", price=12),
        event("offer_shown", "offer_both", "10:00", offer="new"),
        event("offer_shown", "offer_both", "11:00", offer="old"),
        event("offer_taken", "offer_late", "10:00", price=5),
        event("offer_shown", "offer_late", "10:01", offer="old"),
    ]
    assert server.send("/api/v1/batch", {"operations": live}).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="offer_shown")) == 4)


def _ask(server: Server, question: dict[str, Any]) -> dict[str, Any]:
    answer = server.ask(_PATH, _QUESTION | question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_person_counts_for_what_they_do_after_they_were_shown_one_variant(
    server: Server,
) -> None:
    answer = _ask(server, {})

    control, new = answer["variants"]
    assert (control["variant"], control["people"], control["converted"]) == ("old", 1, 0)
    assert (new["variant"], new["people"], new["converted"], new["value"]) == ("new", 1, 1, 1.0)
    assert (answer["several"], answer["enough"]) == (1, False)
    assert new["people_by"] == [1, 0, 0]
    for people_of, who in (
        ({"variant": "new", "outcome": "converted"}, ["offer_user"]),
        ({"variant": "new", "interval": answer["intervals"][1]}, []),
        ({"variant": "old", "outcome": "not_converted"}, ["offer_late"]),
        ({"outcome": "several"}, ["offer_both"]),
    ):
        assert _ask(server, {"people_of": people_of})["people"] == who


def test_a_goal_may_be_a_number_or_a_way(server: Server) -> None:
    def of_new(goal: dict[str, Any], **more: Any) -> float:
        value: float = _ask(server, {"goal": goal, **more})["variants"][1]["value"]
        return value

    taken = {"event_name": "offer_taken"}
    assert of_new(taken | {"math": "total"}) == 1
    assert of_new(taken | {"math": "sum", "property": "price"}) == 12
    assert of_new(taken | {"math": "avg", "property": "price"}) == 12
    assert of_new(taken, within_seconds=60) == 0
    assert of_new(_WAY | {"window_seconds": 3600}) == 1
    assert of_new(_WAY | {"window_seconds": 60}) == 0


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"variants": []}, "variants"),
        ({"variants": ["old"]}, "variants"),
        ({"variants": [""]}, "variants[0]"),
        ({"control": ""}, "control"),
        ({"variant": {"property": ""}}, "variant.property"),
        ({"exposure": {"event_name": ""}}, "exposure.event_name"),
        ({"goal": {}}, "goal.event_name"),
        ({"goal": {"event_name": "x", "math": "sum"}}, "goal.property"),
        ({"goal": {"event_name": "x", "property": "price"}}, "goal.property"),
        ({"goal": {"event_name": "x", "window_seconds": 5}}, "goal.steps"),
        ({"goal": _WAY}, "goal.window_seconds"),
        ({"goal": _WAY | {"window_seconds": 5, "event_name": "x"}}, "goal.steps"),
        (
            {"goal": {"steps": [{"event_name": "x", "optional": True}], "window_seconds": 5}},
            "goal.steps[0].optional",
        ),
        ({"shares": [1]}, "shares"),
        ({"shares": [1, 0]}, "shares[1]"),
        ({"least_effect": 0}, "least_effect"),
        ({"within_seconds": 0}, "within_seconds"),
        ({"people_of": {"variant": "none"}}, "people_of.variant"),
        ({"people_of": {"variant": "new", "outcome": "several"}}, "people_of.variant"),
        ({"people_of": {"variant": "new", "interval": "2027-01-01"}}, "people_of.interval"),
    ],
)
def test_what_cannot_be_asked_is_said(server: Server, question: dict[str, Any], field: str) -> None:
    answer = server.ask(_PATH, _QUESTION | question)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"{field}: "), answer.text
