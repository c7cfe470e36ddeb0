"""Large bodies are admitted as light ones are; here large is a few bytes."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.admission import CLIENT, LENIENT, NOW, admitted, meaning, small_pieces

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.reasons import Reason
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.large import LargeValidator, lines_of
from whipstitch.ingest.validation.rows import Row
from whipstitch.ingest.validation.validate import Validator


@pytest.fixture(autouse=True, params=[30, 200, 100_000])
def _small_pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(request.param, partial(monkeypatch.setattr, raising=False))


_TEXT = st.text(st.sampled_from('ab,"\\{}[]: é\ud83d\ude00'), max_size=8)
_VALUE = st.none() | st.integers() | _TEXT | st.lists(_TEXT, max_size=3)
_PROPERTIES = st.dictionaries(_TEXT | st.sampled_from(["$os", "$session_id", "$time"]), _VALUE)
_ID = st.sampled_from(["user_1", "user_2", "x", "gzip", ""]) | st.text("abc", min_size=2)
_TIME = st.sampled_from([None, "2026-01-01T00:00:00Z", "soon", 5])
_PAYLOADS = {
    "track": st.fixed_dictionaries(
        {"event_name": st.sampled_from(["e", "$screen", ""]), "distinct_id": _ID},
        optional={
            "properties": _PROPERTIES | st.just([]),
            "default_properties": _PROPERTIES,
            "timestamp": _TIME,
        },
    ),
    "people": st.fixed_dictionaries(
        {"distinct_id": _ID},
        optional={
            "properties": _PROPERTIES | st.none(),
            "set_once": _PROPERTIES | st.none(),
            "add": st.dictionaries(
                _TEXT, _VALUE | st.floats(allow_nan=False, allow_infinity=False) | st.just(10**400)
            )
            | st.just([]),
            "timestamp": _TIME,
        },
    ),
    "alias": st.fixed_dictionaries({"alias_id": _ID, "distinct_id": _ID}),
}
_OPERATION = st.sampled_from(sorted(_PAYLOADS)).flatmap(
    lambda kind: st.fixed_dictionaries({"type": st.just(kind), "payload": _PAYLOADS[kind]})
)
_ODD = st.sampled_from(
    [1, {}, {"type": "other", "payload": {}}, {"type": "track"}, {"type": ["track"]}]
)
_BATCH = st.lists(_OPERATION, max_size=12) | st.lists(_OPERATION | _ODD, max_size=12)


@given(
    _BATCH,
    st.sampled_from([0, 60, 120]),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from([CLIENT, LENIENT]),
)
def test_a_batch_is_answered_and_kept_alike(
    operations: list[Any], most: int, indent: int | None, ascii_: bool, client: ClientContext
) -> None:
    body = json.dumps({"operations": operations}, indent=indent, ensure_ascii=ascii_)
    sent = body.encode("utf-8", "replace")
    light, heavy = admitted("batch", sent, most, client)
    assert heavy[:2] == light[:2]
    assert meaning(heavy[2]) == meaning(light[2])


@pytest.mark.parametrize("endpoint", ["track", "people", "alias"])
@given(data=st.data(), most=st.sampled_from([0, 60]))
def test_one_operation_is_answered_and_kept_alike(
    endpoint: str, data: st.DataObject, most: int
) -> None:
    body = json.dumps(data.draw(_PAYLOADS[endpoint])).encode()
    light, heavy = admitted(endpoint, body, most)
    assert heavy[:2] == light[:2]
    assert meaning(heavy[2]) == meaning(light[2])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"operations":1}',
        b'{"operations":[]}',
        b'{"operations":[{}]}',
        b'{"operations":[1,1,1,1]}',
        b'{"operations":[{"type":"other"},1]}',
        b'{"operations":[{"type":"track","payload":{"event_name":"e\n"}}]}',
        b'{"operations":[{"type":"track","payload":{"event_name":"\xff","distinct_id":"u1"}}]}',
        b'{"operations":[{"type":"\\u0074rack","payload":{"event_name":"e","distinct_id":"u1"}}]}',
        b'{"operations":[],"operations":[{"type":"alias","payload":{"alias_id":"aa",'
        b'"distinct_id":"bb"}}]}',
    ],
)
def test_what_is_wrong_is_told_alike(body: bytes) -> None:
    light, heavy = admitted("batch", body)
    assert heavy[:2] == light[:2]


@pytest.mark.parametrize("client", [CLIENT, LENIENT])
@pytest.mark.parametrize("operation", [b'"%b"' % (b"x" * 300), b"1", b"[]"])
def test_an_operation_that_is_no_object_refuses_the_batch_whatever_its_size(
    operation: bytes, client: ClientContext
) -> None:
    body = b'{"operations":[{"type":"track","payload":{}},%b]}' % operation
    light, heavy = admitted("batch", body, client=client)
    assert heavy[:2] == light[:2]
    assert heavy[1] is answers.INVALID_BODY


def test_of_equal_keys_far_apart_the_last_counts() -> None:
    filling = ",".join(f'"k{number}":{number}' for number in range(60_000))
    properties = f'{{"a":1,{filling},"a":2}}'
    body = f'{{"distinct_id":"u1","timestamp":"soon","properties":{properties}}}'
    _, (tally, _, rows) = admitted("people", body.encode())
    found = meaning(rows)[1]
    assert found["u1", "a", 0][1] == "2"
    assert len({row["timestamp"] for row in rows if row["property"]}) == 1
    assert (tally.people, tally.troubles) == (1, {Reason.UNREAD_TIME: 1})
    assert sum(not row["property"] for row in rows) == 1


def test_a_value_of_any_size_is_one_row() -> None:
    value = '{"a":"é\\\\\\"%s"}' % ("x" * 300_000)
    body = f'{{"distinct_id":"u1","properties":{{"a":1,"b":{value},"c":2}}}}'
    light, heavy = admitted("people", body.encode())
    assert meaning(heavy[2]) == meaning(light[2])


def test_a_large_event_is_not_copied_to_be_encoded() -> None:
    properties = '{"a":"%s"}' % ("x" * 300_000)
    body = f'{{"event_name":"e","distinct_id":"u1","properties":{properties}}}'.encode()
    rows: list[Row] = []
    memory = memoryview(body)

    def encode(some: Any) -> bytes:
        rows.extend(some)
        return b""

    validator = Validator(Sequence(lambda: NOW), ProjectSnapshot, Placeholders(), encode=encode)
    LargeValidator(validator, Sequence(lambda: NOW), lambda *_: None, ProjectSnapshot()).admit(
        "track", memory, CLIENT
    )
    pieces = list(lines_of(rows))
    assert any(isinstance(piece, memoryview) and piece.obj is not None for piece in pieces)
    assert json.loads(b"".join(pieces))["properties"] == json.loads(properties)


@pytest.mark.parametrize("where", ["payload", "properties"])
@pytest.mark.parametrize("name", ["message_id", "uuid", "eid"])
def test_an_update_of_a_person_has_the_same_id_whichever_way_it_comes(
    where: str, name: str
) -> None:
    def onces(update: dict[str, Any]) -> set[str]:
        both = admitted("people", json.dumps(update).encode())
        return {row.get("once", "") for _, _, rows in both for row in rows}

    update: dict[str, Any] = {
        "distinct_id": "user_1",
        "properties": {"plan": "pro", "about": "x" * 300},
        "set_once": {"first": 1},
        "add": {"n": 2},
        "timestamp": 1_770_000_000_000,
    }
    (update if where == "payload" else update["properties"])[name] = "u-1"
    other = update | {"add": {"n": 3}}

    found = onces(update)

    assert len(found) == 1
    assert found != {""}
    # An id that may be one of the client's own counts with all that is said.
    assert (onces(other) == found) is (where == "payload" or name == "message_id")


def test_an_update_of_a_person_without_an_id_is_told_alike_whichever_way_it_comes() -> None:
    update = {
        "distinct_id": "$cookieless",
        "properties": {"plan": "pro", "about": "x" * 300},
        "set_once": {"first": 1},
        "add": {"n": 2},
    }
    sent = {
        "people": update,
        "batch": {"operations": [{"type": "people", "payload": update}]},
    }

    found = {
        row["once"]
        for endpoint, body in sent.items()
        for _, _, rows in admitted(endpoint, json.dumps(body).encode(), client=LENIENT)
        for row in rows
    }

    assert len(found) == 1
