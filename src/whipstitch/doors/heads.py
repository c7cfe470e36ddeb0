"""The head of a connection's last request, which the next one mostly repeats.

A client sends the same head, byte for byte, with request after request; only the length of the body
differs. What the parser made of it depends on nothing else, so it need not be parsed again. Nothing
is remembered beyond the connection: a head holds a key."""

from typing import Final

import msgspec

from whipstitch.doors.intake import Endpoint

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length: "
"""As clients write it; one that writes it otherwise is parsed each time."""
_LONGEST: Final = 4096
_DIGITS: Final = 10


class Head(msgspec.Struct, frozen=True):
    """A head of a plain request for ``endpoint`` that leaves the connection open: its bytes
    ``before`` the number in ``Content-Length``, and those ``after`` it, blank line included."""

    before: bytes
    after: bytes
    endpoint: Endpoint
    headers: dict[bytes, bytes]
    encoding: str

    def body_of(self, data: bytes) -> bytes | None:
        """The body, where ``data`` is exactly one request with this head; its length may be
        another."""
        start = len(self.before)
        if not data.startswith(self.before):
            return None
        end = data.find(b"\r", start, start + _DIGITS)
        number = data[start:end]
        if not (number.isdigit() and data.startswith(self.after, end)):
            return None
        body = data[end + len(self.after) :]
        return body if len(body) == int(number) else None


def head_of(
    data: bytes, endpoint: Endpoint, headers: dict[bytes, bytes], encoding: str
) -> Head | None:
    """The head that ``data`` begins with, of which the rest was parsed; None: it is not to be
    remembered."""
    end = data.find(_END, 0, _LONGEST) + len(_END)
    at = data[:end].lower().find(_LENGTH) + len(_LENGTH)
    if end < len(_END) or at < len(_LENGTH) or not data.startswith(b"POST "):
        return None
    after = data.find(b"\r", at)
    return Head(data[:at], data[after:end], endpoint, headers, encoding)
