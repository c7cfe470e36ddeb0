"""Of keys that stand twice the last one counts, at any depth."""

import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.validation.equal_keys import last_of_equal_keys

_KEYS = st.sampled_from(["a", "b", 'a":', "a b", "\u00e9", '"'])
_NUMBERS = st.sampled_from(["1", "1.0", "1e999", "-0.0", "12345678901234567890123", "true", "null"])
_SPACES = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    pairs = draw(st.lists(st.tuples(_KEYS, inner), max_size=4))
    escape = draw(st.booleans())
    space = draw(_SPACES)
    members = [f"{json.dumps(key, ensure_ascii=escape)}{space}:{one}" for key, one in pairs]
    return "{" + ",".join(members) + "}"


_LEAVES = st.one_of(_NUMBERS, _KEYS.map(json.dumps), st.just('"\\u0022:"'))
_TEXTS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        _objects(inner), st.lists(inner, max_size=3).map(lambda some: f"[{','.join(some)}]")
    ),
    max_leaves=12,
)


def read(text: bytes) -> Any:
    """Numbers as they are written; a key that stands twice fails."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=once)


@given(text=_TEXTS)
def test_the_last_one_stays_and_nothing_else_changes(text: str) -> None:
    cleaned = bytes(last_of_equal_keys(msgspec.Raw(text.encode())))

    assert read(cleaned) == json.loads(text, parse_int=str, parse_float=str)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '{"a": {"b": 1.50}}', "[1, 2]", '{"a" : {"b": 1}}', "1e999", '"a"']
)
def test_what_has_no_equal_keys_is_what_was_sent(text: str) -> None:
    sent = msgspec.Raw(text.encode())
    assert read(bytes(last_of_equal_keys(sent))) == read(text.encode())
    if " :" not in text:
        assert last_of_equal_keys(sent) is sent


def test_what_is_nested_too_deep_to_look_at_stays_as_it_is() -> None:
    sent = msgspec.Raw(b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    assert last_of_equal_keys(sent) is sent


def test_of_what_is_larger_than_queries_look_into_no_copy_is_made() -> None:
    sent = msgspec.Raw(b'{"a":{"b":"%s"},"a":1}' % (b"x" * 2**23))
    tracemalloc.start()
    try:
        assert last_of_equal_keys(sent) is sent
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
