"""Operations without ids, where a project drops what repeats others byte for byte."""

import json
from typing import Any

import msgspec
import pytest

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation import onces
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.ingest.validation.validate import Validator

KEEPS = ClientContext(IngestionKey("sk_live_a", Project("proj_a", "A"), "live"))
DROPS = ClientContext(
    IngestionKey("sk_live_a", Project("proj_a", "A", repeats="drop"), "live"), day_id="cookieless_1"
)
CLICK: dict[str, Any] = {
    "event_name": "click",
    "distinct_id": "user_1",
    "properties": {"on": "b"},
    "timestamp": 5,
}
TRAITS: dict[str, Any] = {"distinct_id": "user_1", "properties": {"plan": "pro"}, "timestamp": 5}
ALIAS: dict[str, Any] = {"alias_id": "anon_1", "distinct_id": "user_1"}
PAYLOADS: dict[str, dict[str, Any]] = {"track": CLICK, "people": TRAITS, "alias": ALIAS}


@pytest.fixture
def validator() -> Validator:
    numbers = iter(range(1_000_000, 9_000_000, 1_000))
    return Validator(Sequence(lambda: next(numbers)), lambda: None, Placeholders(()))


def of(
    validator: Validator, kind: str, payload: dict[str, Any], client: ClientContext = DROPS
) -> str:
    admitted = getattr(validator, kind)(json.dumps(payload).encode(), client)
    assert isinstance(admitted, Validated)
    (found,) = {json.loads(line).get("once", "") for line in admitted.lines.splitlines()}
    return str(found)


def of_batch(
    validator: Validator, kind: str, payloads: list[dict[str, Any]], client: ClientContext = DROPS
) -> list[str]:
    operations = [{"type": kind, "payload": payload} for payload in payloads]
    admitted = validator.batch(json.dumps({"operations": operations}).encode(), client)
    assert isinstance(admitted, Validated)
    rows = [json.loads(line) for line in admitted.lines.splitlines()]
    return list({row["accepted"]: row.get("once", "") for row in rows}.values())


@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_is_equal_in_another_request_is_the_same_operation(
    validator: Validator, kind: str
) -> None:
    payload = PAYLOADS[kind]

    found = of(validator, kind, payload)

    assert len(found) == 32
    assert of_batch(validator, kind, [payload | {"distinct_id": "user_2"}, payload])[1] == found
    for changed in ({"distinct_id": "user_2"}, {"timestamp": 6}):
        assert of(validator, kind, payload | changed) != found
    test = msgspec.structs.replace(DROPS, key=IngestionKey("sk_test_a", DROPS.key.project, "test"))
    assert of(validator, kind, payload, test) != found


@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_is_equal_within_one_request_is_several_operations(
    validator: Validator, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload, other = PAYLOADS[kind], PAYLOADS[kind] | {"distinct_id": "user_2"}

    sent = [payload, other, payload, payload]
    found = of_batch(validator, kind, sent)

    assert len(set(found)) == 4
    assert of_batch(validator, kind, sent) == found
    assert of_batch(validator, kind, [payload, payload]) == [found[0], found[2]]
    monkeypatch.setattr(onces, "MOST_COMPARED", 2)
    in_parts = of_batch(validator, kind, sent)
    assert len(set(in_parts)) == 4
    assert in_parts[:2] == found[:2]
    assert of_batch(validator, kind, sent) == in_parts


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_project_keeps_what_repeats_unless_it_is_set_to_drop_it(
    validator: Validator, kind: str
) -> None:
    assert of(validator, kind, PAYLOADS[kind], KEEPS) == ""
    assert of_batch(validator, kind, [PAYLOADS[kind]], KEEPS) == [""]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_an_id_counts_before_the_key_of_the_request_and_that_before_what_is_said(
    validator: Validator, kind: str
) -> None:
    payload = PAYLOADS[kind]
    keyed = [
        msgspec.structs.replace(client, idempotency_key="request-1") for client in (KEEPS, DROPS)
    ]

    by_id = {of(validator, kind, payload | {"message_id": "m"}, one) for one in (KEEPS, *keyed)}
    by_key = {of(validator, kind, payload, one) for one in keyed}

    assert len(by_id) == len(by_key) == len({*by_id, *by_key, of(validator, kind, payload)}) - 2
    assert {*of_batch(validator, kind, [payload], keyed[0])} == by_key


@pytest.mark.parametrize("kind", ["track", "people"])
def test_visitors_without_cookies_are_not_the_same(validator: Validator, kind: str) -> None:
    payload = PAYLOADS[kind] | {"distinct_id": "$cookieless"}
    # An id that may be one of the client's own counts with what is said, and by whom.
    concert = payload | {"properties": {"event_id": "concert-17"}}
    other = msgspec.structs.replace(DROPS, day_id="cookieless_2")

    for sent in (payload, concert):
        assert of(validator, kind, sent) == of(validator, kind, sent)
        assert of(validator, kind, sent) != of(validator, kind, sent, other)


@pytest.mark.parametrize("field", ["properties", "default_properties", "lib_version", "event_name"])
def test_all_that_an_event_says_counts(validator: Validator, field: str) -> None:
    value = "other" if field in ("lib_version", "event_name") else {"on": "c"}

    assert of(validator, "track", CLICK | {field: value}) != of(validator, "track", CLICK)


def test_what_is_set_without_a_time_may_be_meant_again(validator: Validator) -> None:
    timeless = {"distinct_id": "user_1", "properties": {"plan": "pro"}}

    assert of(validator, "people", timeless) == ""
    assert of(validator, "people", timeless | {"timestamp": "soon"}) == ""
    assert of(validator, "people", timeless | {"add": {"n": 1}})
    assert of(validator, "track", {"event_name": "click", "distinct_id": "user_1"})
