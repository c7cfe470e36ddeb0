"""Members of large arrays and objects, some at once; here large is a few bytes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.validation import runs as module
from whipstitch.ingest.validation.runs import pairs, runs

_TEXT = st.text(st.sampled_from('ab,"\\{}[]:  é'), max_size=12)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",\t", ":\t")])


@pytest.fixture(autouse=True, params=[8, 40, 200])
def small_runs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    size: int = request.param
    monkeypatch.setattr(module, "RUN", size)
    monkeypatch.setattr(module, "_TRIES", (size, size // 2, size // 4))


@given(st.lists(_VALUES, max_size=30), _SEPARATORS)
def test_members_of_an_array_come_once_and_in_order(
    members: list[Any], separators: tuple[str, str]
) -> None:
    text = json.dumps(members, separators=separators, ensure_ascii=False).encode()
    found = []
    for run in runs(memoryview(text)):
        some = json.loads(b"[%b]" % bytes(run))
        assert len(some) == 1 or len(run) <= module.RUN
        assert some
        found += some
    assert found == members


@given(st.lists(st.tuples(_TEXT, _VALUES), max_size=30), _SEPARATORS)
def test_pairs_of_an_object_come_once_and_in_order(
    members: list[tuple[str, Any]], separators: tuple[str, str]
) -> None:
    comma, colon = separators
    one = [json.dumps(k) + colon + json.dumps(v, separators=separators) for k, v in members]
    text = ("{" + comma.join(one) + "}").encode()
    found: dict[str, Any] = {}
    for some, value in pairs(memoryview(text)):
        if value is None:
            found |= {name: json.loads(bytes(raw)) for name, raw in some.items()}
        else:
            [name] = some
            found[name] = json.loads(bytes(value))
    assert found == dict(members)


@pytest.mark.parametrize("text", [b"[]", b"[ ]", b"[" + b" " * 300 + b"]", b"{}"])
def test_an_empty_one_has_none(text: bytes) -> None:
    assert list(runs(memoryview(text))) == []


def test_the_decoder_tells_where_a_value_ends() -> None:
    """What the splitting rests on; another version of it may say it otherwise."""
    for value in (b"1", b"-1.5e3", b'"a,]}"', b"null", b'{"a":[1,2]}', b"[[],[]]"):
        for end in (b",", b" ,", b":"):
            with pytest.raises(msgspec.DecodeError, match="trailing characters") as told:
                msgspec.json.decode(value + end + b"1", type=msgspec.Raw)
            assert f"(byte {len(value + end)})" in str(told.value)
