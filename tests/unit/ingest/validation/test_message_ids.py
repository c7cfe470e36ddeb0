"""Where clients put the ids of their operations, and what they count for."""

import json
from typing import Any

import msgspec
import pytest

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.ingest.validation.validate import Validator

NAMES = ("message_id", "event_id", "uuid", "messageId", "$insert_id", "insert_id", "eid")
ALSO_BUSINESS = ("event_id", "uuid", "eid")
CLIENT = ClientContext(IngestionKey("sk_live_a", Project("proj_a", "A"), "live"))
TEST_CLIENT = ClientContext(IngestionKey("sk_test_a", Project("proj_a", "A"), "test"))
TRACK = {"event_name": "bought", "distinct_id": "user_1"}
PEOPLE = {"distinct_id": "user_1"}
ALIAS = {"alias_id": "anon_1", "distinct_id": "user_1"}


@pytest.fixture
def validator() -> Validator:
    numbers = iter(range(1_000_000, 2_000_000, 1_000))
    return Validator(Sequence(lambda: next(numbers)), lambda: None, Placeholders(()))


def once(
    validator: Validator, kind: str, payload: dict[str, Any], client: ClientContext = CLIENT
) -> str:
    admitted = getattr(validator, kind)(json.dumps(payload).encode(), client)
    assert isinstance(admitted, Validated)
    rows = [json.loads(line) for line in admitted.lines.splitlines()]
    (found,) = {row.get("once", "") for row in rows}
    return str(found)


@pytest.mark.parametrize("kind", ["track", "people", "alias"])
@pytest.mark.parametrize("name", NAMES)
def test_an_id_counts_in_the_payload_and_in_its_properties(
    validator: Validator, kind: str, name: str
) -> None:
    payload = {"track": TRACK, "people": PEOPLE, "alias": ALIAS}[kind]

    for sent in ({**payload, name: "m-1"}, {**payload, "properties": {"n": 1, name: "m-1"}}):
        found = once(validator, kind, sent)
        assert len(found) == 32
        assert once(validator, kind, sent) == found
        assert once(validator, kind, sent, TEST_CLIENT) != found


@pytest.mark.parametrize("kind", ["track", "people"])
@pytest.mark.parametrize("name", NAMES)
def test_an_id_counts_whatever_the_operation_says(
    validator: Validator, kind: str, name: str
) -> None:
    payload = {"track": TRACK, "people": PEOPLE}[kind]
    first, second = ({**payload, name: "m-1", "properties": {"n": n}} for n in (1, 2))

    assert once(validator, kind, first) == once(validator, kind, second)


@pytest.mark.parametrize("kind", ["track", "people"])
@pytest.mark.parametrize("name", NAMES)
def test_what_may_be_a_business_id_in_properties_counts_with_what_is_said(
    validator: Validator, kind: str, name: str
) -> None:
    payload = {"track": TRACK, "people": PEOPLE}[kind]
    first, second = ({**payload, "properties": {name: "concert-17", "n": n}} for n in (1, 2))

    same = once(validator, kind, first) == once(validator, kind, second)

    assert same is (name not in ALSO_BUSINESS)


def test_an_event_and_an_update_of_a_person_with_one_id_are_two_operations(
    validator: Validator,
) -> None:
    track = once(validator, "track", {**TRACK, "message_id": "m-1"})

    assert track != once(validator, "people", {**PEOPLE, "message_id": "m-1"})


@pytest.mark.parametrize("value", ["", None, True, {}, [], {"a": 1}])
def test_what_is_neither_text_nor_number_is_no_id(validator: Validator, value: object) -> None:
    assert once(validator, "track", {**TRACK, "message_id": value}) == ""


def test_a_number_is_an_id(validator: Validator) -> None:
    found = once(validator, "track", {**TRACK, "message_id": 7})

    assert found
    assert found == once(validator, "track", {**TRACK, "message_id": "7"})


def test_an_operation_without_an_id_has_the_row_that_it_always_had(validator: Validator) -> None:
    for kind, payload in (("track", TRACK), ("people", PEOPLE), ("alias", ALIAS)):
        admitted = getattr(validator, kind)(json.dumps(payload).encode(), CLIENT)
        assert b'"once"' not in admitted.lines


def onces(validator: Validator, body: bytes, client: ClientContext) -> list[str]:
    admitted = validator.batch(body, client)
    assert isinstance(admitted, Validated)
    return [json.loads(line)["once"] for line in admitted.lines.splitlines()]


def test_the_key_of_a_request_stands_for_ids_by_the_place_of_an_operation(
    validator: Validator,
) -> None:
    operations = [
        {"type": "track", "payload": TRACK},
        {"type": "track", "payload": TRACK},
        {"type": "alias", "payload": ALIAS},
        {"type": "track", "payload": {**TRACK, "message_id": "m-1"}},
    ]
    body = json.dumps({"operations": operations}).encode()
    keyed = msgspec.structs.replace(CLIENT, idempotency_key="request-1")
    other = msgspec.structs.replace(CLIENT, idempotency_key="request-2")

    first = onces(validator, body, keyed)

    assert len(set(first)) == len(operations)
    assert onces(validator, body, keyed) == first
    assert set(onces(validator, body, other)) & set(first) == {
        once(validator, "track", {**TRACK, "message_id": "m-1"})
    }
