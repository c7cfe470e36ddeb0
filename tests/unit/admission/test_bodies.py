import json

import pytest

from whipstitch.admission import answers
from whipstitch.admission.bodies import (
    Track,
    TrackOperation,
    check_utf8,
    read_batch,
    read_operations,
    read_track,
    split_batch,
)

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("offset", range(-4, 1))
def test_a_character_across_the_pieces_of_a_large_body_is_one(offset: int) -> None:
    body = b"x" * (MEGABYTE + offset) + "\U0001f600".encode() + b"y" * 10
    check_utf8(body)
    for torn in (body[: MEGABYTE + offset + 3], body.replace(b"\x98", b"x"), body + b"\xc3"):
        with pytest.raises(UnicodeDecodeError):
            check_utf8(torn)


def test_line_breaks_between_tokens_become_spaces_and_those_in_strings_are_refused() -> None:
    event = read_track(b'{"event_name":"e",\r\n"properties":{\n"a":\r1}}')
    assert isinstance(event, Track)
    assert bytes(event.properties) == b'{ "a": 1}'
    assert read_track(b'{"event_name":"e","properties":{"a":"x\ny"}}') is answers.INVALID_BODY


def test_line_breaks_in_a_batch_become_spaces_too() -> None:
    payload = {"event_name": "e", "distinct_id": "u1", "properties": {"a": 1}}
    body = json.dumps({"operations": [{"type": "track", "payload": payload}]}, indent=1).encode()
    raws = split_batch(body)
    assert isinstance(raws, list)
    for operations in (read_batch(body), read_operations(raws, body)):
        assert isinstance(operations, list)
        [operation] = operations
        assert isinstance(operation, TrackOperation)
        assert b"\n" not in bytes(operation.payload.properties)
