"""Halves of characters in JSON text: ``\\ud83d`` without the second half of an emoji that was cut.

No Unicode text has them, and neither the decoder nor ClickHouse takes them. Each becomes U+FFFD."""

import re
from typing import Final

_MAYBE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_REPLACEMENT: Final = rb"\ufffd"
_HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE: Final = re.compile(
    # Read from the start, as a parser does: a backslash may itself be escaped.
    rb"\\[^u]|" + _HIGH + _LOW + rb"|(" + _HIGH + rb"|" + _LOW + rb")",
    re.DOTALL,
)


def without_lone_surrogates(body: bytes) -> bytes:
    """JSON text with U+FFFD for each half of a character; as long as it was. ``body`` itself where
    there are none."""
    # One byte is looked for in no time.
    if b"\\" not in body or _MAYBE.search(body) is None:
        return body
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], body)


def replace_lone_surrogates(body: memoryview) -> None:
    """``without_lone_surrogates``, in place."""
    if _MAYBE.search(body) is None:
        return
    for found in _ESCAPE.finditer(body):
        if found[1] is not None:
            body[found.start() : found.end()] = _REPLACEMENT
