"""JSON that nobody should send: taken or refused, and never any harm to the journal."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.doors import Served, post, track

from whipstitch.ingest.validation.surrogates import without_lone_surrogates
from whipstitch.journal.groups import whole_groups

ODD_KEYS = ["", "a.b", "$session_id", "$time", "k", "accepted", "\u0000", "\u2028", "a" * 300]
SPACES = st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\t", b"\r"])
ATOMS = st.sampled_from(
    [
        b"1e999",
        b"-0",
        b"-1E-999",
        b"123456789012345678901234567890",
        b"1" * 4_000,
        b"0.1e1",
        b"null",
        b"true",
        b'"\\u0000"',
        b'"\\ud83d\\ude00"',
        b'"\\ud800"',
        b'"\xf0\x9f\x98\x80"',
        b'"\\n\\r\\u000a"',
        b'"\xe2\x80\xa8"',
        b'"\x7f"',
        b'"2026-05-09"',
        b'"{\\"k\\":\\"commit\\"}"',
        b"[" * 300 + b"]" * 300,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"{}",
        b"[]",
    ]
)
KEYS = st.sampled_from([json.dumps(key).encode() for key in ODD_KEYS]) | st.text(
    st.characters(codec="utf-8"), max_size=8
).map(lambda text: json.dumps(text, ensure_ascii=False).encode())


def joined(opening: bytes, items: list[bytes], closing: bytes, space: bytes) -> bytes:
    return opening + space + (space + b"," + space).join(items) + space + closing


def containers(values: "st.SearchStrategy[bytes]") -> "st.SearchStrategy[bytes]":
    pairs = st.builds(lambda key, space, value: key + space + b":" + value, KEYS, SPACES, values)
    return st.builds(
        joined, st.just(b"["), st.lists(values, max_size=4), st.just(b"]"), SPACES
    ) | st.builds(joined, st.just(b"{"), st.lists(pairs, max_size=4), st.just(b"}"), SPACES)


VALUES = st.recursive(ATOMS | st.integers().map(lambda n: b"%d" % n), containers, max_leaves=12)
OBJECTS = st.builds(
    joined,
    st.just(b"{"),
    st.lists(st.builds(lambda key, value: key + b":" + value, KEYS, VALUES), max_size=5),
    st.just(b"}"),
    SPACES,
)
MANGLED = st.sampled_from(
    [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"NaN", b"Infinity", b"\x00", b"'", b"}"]
)
ROW = re.compile(rb'"properties":(.*),"default_properties":\{\}\}')


def raw_lines(server: Served) -> list[bytes]:
    """The rows of the last group as they stand."""
    [segment] = server.journal.directory.glob("*.open")
    text = segment.read_bytes()
    *_, last = whole_groups(text)
    return text[last.start : last.end].splitlines()[:-1]


def _read(text: bytes) -> object:
    """Numbers as they are written."""
    whole = without_lone_surrogates(text)
    return json.loads(whole, strict=False, parse_int=str, parse_float=str)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(OBJECTS)
def test_properties_are_stored_as_they_were_sent(server: Served, properties: bytes) -> None:
    """Up to what stands between tokens, and to what means nothing: keys that stand again later, and
    halves of characters."""
    body = b'{"event_name":"e","distinct_id":"u1",\n"properties":%b}' % properties
    response = server.post("track", body)
    if response.status != 200:
        assert response.error == (400, "Invalid request body")
        return
    [line] = raw_lines(server)
    found = ROW.search(line)
    assert found is not None
    assert _read(found[1]) == _read(properties)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(OBJECTS, MANGLED, st.data())
def test_mangled_bodies_are_taken_or_refused(
    server: Served, properties: bytes, junk: bytes, data: st.DataObject
) -> None:
    whole = b'{"event_name":"e","distinct_id":"u1","properties":%b}' % properties
    at = data.draw(st.integers(0, len(whole)))
    mangled = whole[:at] + junk + whole[at:]
    for path, body in (
        ("track", mangled),
        ("people", mangled),
        ("alias", mangled),
        ("batch", b'{"operations":[{"type":"track","payload":%b}]}' % mangled),
        ("batch", b'{"operations":[{"type":"people","payload":%b}]}' % mangled),
    ):
        assert server.post(path, body).status in (200, 202, 400)


@pytest.mark.parametrize(
    "properties",
    [
        b'{"a":1e999}',
        b'{"a":1,"a":2}',
        b'{"a.b":1,"a":{"b":2}}',
        b'{"":{"":{"":0}}}',
        b'{"a":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a":"\\u0000"}',
        b'{"a":123456789012345678901234567890}',
        b'{\n"a"\r\n:\t1\n}',
    ],
)
def test_the_list_of_the_contract_is_taken_as_it_is(server: Served, properties: bytes) -> None:
    body = b'{"event_name":"e","distinct_id":"u1","properties":%b}' % properties
    for path, sent in (
        ("track", body),
        ("batch", b'{"operations":[{"type":"track","payload":%b}]}' % body),
    ):
        assert server.post(path, sent).status == 200
        [line] = raw_lines(server)
        assert properties.replace(b"\n", b" ").replace(b"\r", b" ") in line


@pytest.mark.parametrize("levels", [1_000, 100_000])
def test_nesting_without_end_is_refused(server: Served, levels: int) -> None:
    body = b'{"event_name":"e","distinct_id":"u1","properties":{"a":%b%b}}'
    response = server.post("track", body % (b"[" * levels, b"]" * levels))
    assert response.status in (200, 400)
    assert server.post("track", track()).status == 200


def test_a_lone_surrogate_does_no_harm(server: Served) -> None:
    for field in ('"a":"\\ud800"', '"\\udfff":1', '"$session_id":"\\ud800x"'):
        body = f'{{"event_name":"e","distinct_id":"u1","properties":{{{field}}}}}'.encode()
        assert server.post("track", body).status in (200, 400)
        traits = f'{{"distinct_id":"u1","properties":{{{field}}}}}'.encode()
        assert server.post("people", traits).status in (200, 400)


TRAITS = b'{\n"distinct_id"\n:"u1",\n"properties"\n:{"a":\n[\n1]}}'


def test_two_clients_whose_requests_share_a_group_do_not_touch_each_other(server: Served) -> None:
    """Line breaks between tokens, everywhere they may stand, beside an ordinary event."""
    odd: Any = json.dumps(track(properties={"a": {"b": [1, "x"]}}), indent=1).replace("\n", "\r\n")
    server.new_rows()
    with server.connect() as first, server.connect() as second:
        for _ in range(20):
            first.send(post("track", odd.encode()) * 5)
            second.send(post("people", TRAITS) * 5)
            assert {first.response().status for _ in range(5)} == {200}
            assert {second.response().status for _ in range(5)} == {200}
    rows = server.new_rows()
    assert sum(row["k"] == "track" for row in rows) == 100
    assert sum(row["k"] == "trait" and row["property"] == "a" for row in rows) == 100
    assert {json.dumps(json.loads(row["value"])) for row in rows if row.get("property")} == {"[1]"}
