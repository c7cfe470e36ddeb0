import json
from typing import Any

import pytest

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project, ProjectSnapshot
from whipstitch.core.reasons import Reason
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.ingest.validation.validate import Validator

KEY = IngestionKey("sk_live_1", Project("p1", "P"), "live")
NOW = 1_795_000_000_000_000


def rows_of(endpoint: str, body: bytes, agent: Agent | None = None) -> list[dict[str, Any]]:
    admission = Validator(
        Sequence(lambda: NOW), ProjectSnapshot, Placeholders(), event_ids=lambda: "evt_fixed"
    )
    caller = ClientContext(KEY, agent=agent or Agent())
    admitted = getattr(admission, endpoint)(body, caller)
    assert isinstance(admitted, Validated)
    lines = admitted.lines.splitlines()
    assert len(lines) == admitted.rows
    return [json.loads(line) for line in lines]


def event(**fields: Any) -> dict[str, Any]:
    sent = {"event_name": "e", "distinct_id": "u1"} | fields
    [row] = rows_of("track", json.dumps(sent).encode())
    return row


@pytest.mark.parametrize("odd", [5, None, True, {}, ["x"], 1.5])
def test_an_odd_value_under_one_key_does_not_hide_the_others(odd: object) -> None:
    sent = {"$session_id": odd, "$time": "2026-05-09T12:00:00Z"}
    assert event(properties=sent)["timestamp"] == 1_778_328_000_000
    assert event(properties={"$session_id": "s1", "$timestamp": odd})["session_id"] == "s1"
    defaults = event(default_properties={"$os": odd, "$browser": "App", "$device_model": "X"})
    assert (defaults["os"], defaults["browser"], defaults["device_model"]) == ("", "App", "X")


def test_the_user_agent_stands_over_the_default_properties_one_by_one() -> None:
    body = (
        b'{"event_name":"e","distinct_id":"u1","default_properties":{"$os":"IOS","$browser":"B"}}'
    )
    [row] = rows_of("track", body, Agent(os="android", device_model="Pixel 7"))
    assert (row["os"], row["browser"], row["device_model"]) == ("android", "B", "Pixel 7")
    [row] = rows_of("track", body)
    assert row["os"] == "ios"


def test_without_a_time_the_moment_of_acceptance_stands() -> None:
    assert event()["timestamp"] == NOW // 1000
    [alias] = rows_of("alias", b'{"alias_id":"a1","distinct_id":"u1","timestamp":[]}')
    assert (alias["timestamp"], alias["accepted"]) == (NOW // 1000, NOW)


_DAY = 86_400_000_000


def rows_after_a_clock_that_was_ahead(endpoint: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
    sequence = Sequence(lambda: NOW, floor=NOW + _DAY)
    admission = Validator(sequence, ProjectSnapshot, Placeholders())
    admitted = getattr(admission, endpoint)(json.dumps(sent).encode(), ClientContext(KEY))
    assert isinstance(admitted, Validated)
    return [json.loads(line) for line in admitted.lines.splitlines()]


def test_a_clock_that_was_ahead_once_dates_nothing_that_comes_later() -> None:
    event = {"event_name": "e", "distinct_id": "u1"}
    for rows in (
        rows_after_a_clock_that_was_ahead("track", event),
        rows_after_a_clock_that_was_ahead(
            "batch", {"operations": [{"type": "track", "payload": event}]}
        ),
    ):
        [row] = rows
        assert (row["timestamp"], row["received"]) == (NOW // 1000, NOW // 1000)
        assert row["accepted"] == NOW + _DAY + 1
    said = {"alias_id": "a1", "distinct_id": "u1"}
    [alias] = rows_after_a_clock_that_was_ahead("alias", said)
    assert (alias["timestamp"], alias["received"]) == (NOW // 1000, NOW // 1000)
    assert alias["accepted"] == NOW + _DAY + 1


@pytest.mark.parametrize(
    ("sent", "ahead"), [(None, True), (NOW // 1000 - 5_000, True), (NOW // 1000 - 10**9, False)]
)
def test_traits_of_a_time_when_the_clock_was_ahead_lose_against_later_ones(
    sent: int | None, ahead: bool
) -> None:
    update = {"distinct_id": "u1", "properties": {"plan": "pro"}, "timestamp": sent}
    *_, row = rows_after_a_clock_that_was_ahead("people", update)
    assert row["timestamp"] == ((NOW + _DAY) // 1000 if ahead else sent)


@pytest.mark.parametrize(
    ("ahead", "taken"), [(0, True), (_DAY // 1000, True), (_DAY // 1000 + 1, False)]
)
def test_traits_go_by_a_clock_that_is_up_to_a_day_ahead(ahead: int, taken: bool) -> None:
    said = NOW // 1000 + ahead
    update = {"distinct_id": "u1", "properties": {"plan": "pro"}, "timestamp": said}
    batch = {"operations": [{"type": "people", "payload": update}]}
    for endpoint, body in (("people", update), ("batch", batch)):
        *_, row = rows_of(endpoint, json.dumps(body).encode())
        assert row["timestamp"] == (said if taken else NOW // 1000)


def test_events_and_aliases_keep_a_time_that_is_far_ahead() -> None:
    far = NOW // 1000 + 10**11
    assert event(timestamp=far)["timestamp"] == far
    [alias] = rows_of("alias", b'{"alias_id":"a1","distinct_id":"u1","timestamp":%d}' % far)
    assert alias["timestamp"] == far


def test_traits_of_2290_win_over_older_ones_and_lose_against_later_ones() -> None:
    moment = NOW
    sequence = Sequence(lambda: moment)
    admission = Validator(sequence, ProjectSnapshot, Placeholders())
    order: list[tuple[int, int]] = []
    for time in (None, "2290-01-01", "2031-01-01", None):
        moment += 1_000_000
        body = {"distinct_id": "u1", "properties": {"plan": len(order)}, "timestamp": time}
        admitted = admission.people(json.dumps(body).encode(), ClientContext(KEY))
        assert isinstance(admitted, Validated)
        assert admitted.tally.troubles.get(Reason.TIME_AHEAD, 0) == (time is not None)
        row = json.loads(admitted.lines.splitlines()[-1])
        order.append((row["timestamp"], row["accepted"]))
    assert order == sorted(order)


def test_operations_of_a_batch_are_numbered_one_by_one() -> None:
    payload = {"event_name": "e", "distinct_id": "u1", "properties": {"a": 1, "b": 2}}
    kinds = ["track", "people", "track", "people"]
    batch = {"operations": [{"type": kind, "payload": payload} for kind in kinds]}
    rows = rows_of("batch", json.dumps(batch).encode())
    assert [row["accepted"] - NOW for row in rows] == [0, 0, 0, 1, 1, 1, 2, 3]


def test_a_trait_keeps_its_value_as_json_text() -> None:
    body = b'{"distinct_id":"u1","properties":{"n":1.50,"t":"\\u00e9","o":{"a":[1, 2]}}}'
    values = {row["property"]: row["value"] for row in rows_of("people", body)}
    assert values == {"": "", "n": "1.50", "t": '"\\u00e9"', "o": '{"a":[1, 2]}'}


def test_what_an_sdk_says_of_the_device_among_the_properties_stands_last() -> None:
    said = {"$os": "Linux", "$browser": "Arc", "$device_model": 7, "$city": "Rome"}
    row = event(properties=said | {"$lib_version": "posthog@1"}, default_properties={"$os": "iOS"})
    assert (row["os"], row["browser"], row["device_model"]) == ("ios", "Arc", "")
    assert (row["lib_version"], row["city"]) == ("posthog@1", "")


DAY_ID = "cookieless_0123"


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("track", {"event_name": "e", "distinct_id": "$cookieless"}),
        ("people", {"distinct_id": "$cookieless", "properties": {"plan": "pro"}}),
        (
            "batch",
            {
                "operations": [
                    {"type": "track", "payload": {"event_name": "e", "distinct_id": "$cookieless"}},
                    {"type": "people", "payload": {"distinct_id": "$cookieless"}},
                ]
            },
        ),
    ],
)
def test_the_id_of_the_day_stands_for_a_visitor_without_one(
    endpoint: str, body: dict[str, Any]
) -> None:
    admission = Validator(Sequence(lambda: NOW), ProjectSnapshot, Placeholders())
    client = ClientContext(KEY, day_id=DAY_ID)
    admitted = getattr(admission, endpoint)(json.dumps(body).encode(), client)
    assert isinstance(admitted, Validated)
    rows = [json.loads(line) for line in admitted.lines.splitlines()]
    assert {row["distinct_id"] for row in rows} == {DAY_ID}


def test_an_alias_never_makes_an_id_of_the_day_somebody() -> None:
    [alias] = rows_of("alias", b'{"alias_id":"$cookieless","distinct_id":"u1"}')
    assert alias["refused"] == "placeholder"
