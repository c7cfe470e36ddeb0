"""Halves of characters become U+FFFD."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.validation.surrogates import (
    replace_lone_surrogates,
    without_lone_surrogates,
)

_HALVES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])
_TEXTS = st.text(st.one_of(st.sampled_from('\\u"/dD89abAB0f\u00e9\U0001f600'), _HALVES))
_VALUES = st.recursive(_TEXTS, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner))


@given(value=_VALUES)
def test_what_is_read_has_the_replacement_for_each_half(value: object) -> None:
    body = json.dumps(value).encode()

    whole = without_lone_surrogates(body)

    assert len(whole) == len(body)
    # A parser joins what stands side by side; what it leaves alone is a half.
    assert json.dumps(json.loads(whole)) == json.dumps(_replaced(json.loads(body)))
    assert json.dumps(json.loads(whole), ensure_ascii=False).encode()
    memory = memoryview(bytearray(body))
    replace_lone_surrogates(memory)
    assert bytes(memory) == whole


def _replaced(value: object) -> object:
    if isinstance(value, str):
        return "".join("\ufffd" if 0xD800 <= ord(one) <= 0xDFFF else one for one in value)
    if isinstance(value, list):
        return [_replaced(one) for one in value]
    if isinstance(value, dict):
        return {_replaced(key): _replaced(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"whole \ud83d\ude00"', "whole \U0001f600"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\\ud83d\ude00"', "\\ud83d\ufffd"),
        (rb'"\ud83d\\ude00"', "\ufffd\\ude00"),
        (rb'"\uD83D\uD83D\uDE00"', "\ufffd\U0001f600"),
    ],
)
def test_a_backslash_that_is_escaped_begins_nothing(sent: bytes, read: str) -> None:
    assert json.loads(without_lone_surrogates(sent)) == read
