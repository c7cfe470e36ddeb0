"""The reader of times."""

import contextlib
import json
from typing import Final

from whipstitch.ingest.validation import timestamps

SEEDS: Final = (
    b"2026-05-09T12:00:00.1234567+02:00",
    b"2026-05-09 12:00:00 UTC",
    b"2026-05-09T24:00Z",
    b"2026-05-09",
    b"Sat, 9 May 2026 12:00:00 GMT (noon)",
    b"1770000000.123",
    b"-2208988800000",
)


def times(data: bytes) -> None:
    """A time is read alike whether its characters are escaped or not and by whichever of the two
    readers, and can be stored."""
    text = data.decode(errors="replace")
    plain = json.dumps(text, ensure_ascii=False).encode()
    escaped = b'"%b"' % b"".join(
        b"\\u%04x" % unit for unit in memoryview(text.encode("utf-16-le")).cast("H")
    )
    read = timestamps.parse(plain)
    assert read is None or timestamps.EARLIEST_MS <= read <= timestamps.LATEST_MS
    assert timestamps.parse(escaped) == read, (text, read)
    exact = timestamps._unusual(plain)
    assert read == exact, (text, read, exact)
    number = text.strip()
    if number and number[0] in "-0123456789":
        with contextlib.suppress(ValueError):
            json.loads(number)
            assert timestamps.parse(number.encode()) == timestamps._unusual(number.encode())
