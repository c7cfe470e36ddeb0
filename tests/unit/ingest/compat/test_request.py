"""What is inside a body, told by its content."""

import base64
import gzip
import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.compat import request
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    basic_user,
    bearer,
    content_of,
    peel,
    read_json,
    text_of,
)
from whipstitch.ingest.http.decompression import Oversized

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.text(), JSON) | st.lists(JSON)


@given(DOCUMENTS)
def test_a_document_is_found_in_whatever_a_client_wraps_it(document: object) -> None:
    text = json.dumps(document).encode()
    packed = base64.b64encode(text).decode()
    url_safe = base64.urlsafe_b64encode(text).decode().rstrip("=")
    for body in (
        text,
        b"\n " + text,
        urlencode({"data": text.decode(), "verbose": "1"}).encode(),
        urlencode({"data": packed}).encode(),
        urlencode({"ip": "1", "data": url_safe}).encode(),
        f"data={packed}".encode(),  # a beacon escapes nothing
        b"data=" + quote(packed.replace("+", " "), safe=" ").encode(),
    ):
        assert content_of(peel(gzip.compress(body), 1 << 20), {}).document == document
        assert content_of(peel(body, 1 << 20), {}).document == document
    assert content_of(b"", {"data": packed}).document == document


@pytest.mark.parametrize("body", [b"{", b"data=%7B", b"data=!!", b"\xff\xfe", b"data=eyI="])
def test_what_holds_no_document_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        content_of(body, {})


def test_a_text_without_its_field_has_no_document() -> None:
    assert content_of(b"hello", {}).document is None
    assert content_of(b"", {}).document is None


def test_half_an_emoji_and_what_is_no_number_are_read() -> None:
    text = rb'{"a\ud83d": "x\ud83d", "b": [NaN, -Infinity, 1e999], "c": 1}'
    assert read_json(text) == {"a\ufffd": "x\ufffd", "b": [None, None, None], "c": 1}


@pytest.mark.parametrize("depth", [600, 200_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(Unreadable):
        read_json(b"[" * depth)
    with pytest.raises(Unreadable):
        read_json(b"[" * 200_000 + b"]" * 200_000)


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    with pytest.raises(Oversized):
        peel(gzip.compress(b"0" * 1_000_000), 1000)
    with pytest.raises(Unreadable):
        peel(gzip.compress(b"text" * 100)[:20], 1000)


def test_too_many_values_are_not_made_objects_of() -> None:
    with pytest.raises(Oversized):
        read_json(b"[" + b"{}," * 600_000 + b"{}]")
    assert len(read_json(b"[" + b'"a long text that is a value",' * 100_000 + b"1]")) == 100_001


def test_a_key_is_found_in_the_authorization() -> None:
    def sent(value: str) -> CompatRequest:
        return CompatRequest("POST", "/x", {}, {b"authorization": value.encode()})

    token = base64.b64encode(b"sk_live_x:").decode()
    assert basic_user(sent(f"Basic {token}")) == "sk_live_x"
    assert basic_user(sent(f"basic {token.rstrip('=')}")) == "sk_live_x"
    assert basic_user(sent("Basic !!")) == basic_user(sent("Bearer x")) == ""
    assert bearer(sent("Bearer  sk_live_x ")) == "sk_live_x"
    assert bearer(sent("sk_live_x")) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (True, ""), (None, ""), ([], ""), ({}, "")],
)
def test_an_id_may_be_a_number(value: object, text: str) -> None:
    assert text_of(value) == text


def test_infinity_is_no_id() -> None:
    assert request.text_of(float("nan")) == ""
    assert request.text_of(float("inf")) == ""


def test_space_around_what_a_form_holds_is_passed_over() -> None:
    for held in ('{"a":1}', base64.b64encode(b'{"a":1}').decode()):
        assert content_of(urlencode({"data": f"\n {held}\r\n"}).encode(), {}).document == {"a": 1}
