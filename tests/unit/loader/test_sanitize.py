"""Mended properties."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.loader.sanitize import repair

_TEXT = st.text(st.characters(codec="utf-8"))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_TEXT.filter(lambda text: "\ufffd" not in text), st.integers()))
def test_sound_properties_need_no_mending(value: dict[str, Any]) -> None:
    assert repair(json.dumps(value).encode()) is None


@given(st.dictionaries(_TEXT, _VALUES, min_size=1))
def test_what_is_mended_beside_poison_keeps_its_values(value: dict[str, Any]) -> None:
    poisoned = b'{"\x7fpoison":1e999,' + json.dumps(value).encode()[1:]
    mended = repair(poisoned)
    assert mended is not None
    assert json.loads(mended) == {"\x7fpoison": "1e999"} | value


@pytest.mark.parametrize(
    ("sent", "mended"),
    [
        (b'{"\xff":1}', '{"\ufffd": 1}'),
        (b'{"a":"\xff"}', '{"a": "\ufffd"}'),
        (b'{"a":-1e400,"b":2.5}', '{"a": "-1e400", "b": 2.5}'),
        (b'{"a":NaN}', '{"a": "NaN"}'),
        (b'{"a":1e999,"a":2,"b":1}', '{"a": 2, "b": 1}'),
        (b'{"a":{"b":1},"c":[{"d":1,"d":2}],"a":{}}', '{"a": {}, "c": [{"d": 2}]}'),
        (rb'{"a":"\ud83d\ude00","b":1e999}', '{"a": "\U0001f600", "b": "1e999"}'),
    ],
)
def test_poison_becomes_something_that_json_can_hold(sent: bytes, mended: str) -> None:
    assert repair(sent) == mended


@pytest.mark.parametrize("levels", [401, 1_000, 100_000])
def test_what_lies_too_deep_becomes_its_text(levels: int) -> None:
    mended = repair(b'{"a":' * levels + b"[1]" + b"}" * levels)
    assert mended is not None
    value = json.loads(mended)
    for _ in range(400):
        value = value["a"]
    assert isinstance(value, str)
    assert value == '{"a":' * (levels - 400) + "[1]" + "}" * (levels - 400)


def test_brackets_in_strings_are_not_levels() -> None:
    assert repair(json.dumps({"a": "[" * 1000, '"\\{': "{" * 1000}).encode()) is None


def test_an_endless_number_becomes_text() -> None:
    mended = repair(b'{"a":' + b"9" * 5000 + b"}")
    assert mended == '{"a": "' + "9" * 5000 + '"}'


@pytest.mark.parametrize("sent", [b"", b"[1]", b"5", b'{"a":', b'{"a":tru}'])
def test_what_is_no_object_cannot_be_mended(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        repair(sent)
