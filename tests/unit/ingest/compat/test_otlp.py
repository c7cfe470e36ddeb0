"""What is sent by OTLP, in both of its forms."""

import json
import struct

import pytest

from whipstitch.ingest.compat.otlp_records import records_of_json, records_of_protobuf
from whipstitch.ingest.compat.protobuf import field, varint


@pytest.mark.parametrize(("time", "observed", "found"), [(5, 7, 5), (0, 7, 7), (None, 7, 7)])
def test_a_record_without_a_time_was_when_it_was_observed(
    time: int | None, observed: int, found: int
) -> None:
    sent = {"timeUnixNano": time, "observedTimeUnixNano": observed}
    record = {name: str(one) for name, one in sent.items() if one is not None}
    text = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    fixed = b"".join(
        varint(number << 3 | 1) + struct.pack("<Q", one)
        for number, one in ((1, time), (11, observed))
        if one is not None
    )
    message = field(1, field(2, field(2, fixed)))

    assert [one.time for one in records_of_json(text.encode())] == [found]
    assert [one.time for one in records_of_protobuf(message)] == [found]
