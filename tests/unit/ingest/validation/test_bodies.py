import json

from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.bodies import read_batch, read_track
from whipstitch.ingest.validation.payloads import TrackOperation, TrackPayload


def test_line_breaks_between_tokens_become_spaces_and_those_in_strings_are_refused() -> None:
    event = read_track(b'{"event_name":"e",\r\n"properties":{\n"a":\r1}}')
    assert isinstance(event, TrackPayload)
    assert bytes(event.properties) == b'{ "a": 1}'
    assert read_track(b'{"event_name":"e","properties":{"a":"x\ny"}}') is answers.INVALID_BODY


def test_line_breaks_in_a_batch_become_spaces_too() -> None:
    payload = {"event_name": "e", "distinct_id": "u1", "properties": {"a": 1}}
    body = json.dumps({"operations": [{"type": "track", "payload": payload}]}, indent=1).encode()
    operations = read_batch(body)
    assert isinstance(operations, list)
    [operation] = operations
    assert isinstance(operation, TrackOperation)
    assert b"\n" not in bytes(operation.payload.properties)
