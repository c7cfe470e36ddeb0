"""The heads of plain requests, read at one go: the parser calls back for each header, which costs
more than all that admission does.

Plain is what most clients send, and stricter than HTTP and than ``strictness``: whatever is taken
here the parser takes, too, and finds the same in it. All else is left to the parser."""

import re
from typing import Final

import msgspec

from whipstitch.ingest.client import ClientHeaders
from whipstitch.ingest.endpoints import PATHS, Endpoint
from whipstitch.ingest.http.strictness import LONGEST_HEAD

_ENDPOINTS: Final[dict[bytes, Endpoint]] = {path.encode(): kind for path, kind in PATHS.items()}
_VALUES: Final = {
    "host": r"[!$%&'()*+\-.:;=\[\]_~0-9A-Za-z]*+",
    "content-length": r"[0-9]{1,9}+",
    **dict.fromkeys(
        ("x-api-key", "origin", "x-forwarded-for", "user-agent", "content-encoding"),
        r"(?:[!-~][ -~]*+)?+",
    ),
}
"""What is read, and how it looks; each at most once."""
_LENGTH: Final = 2 + list(_VALUES).index("content-length")
"""Its group, behind that of the path."""
_TO_THE_PARSER: Final = (
    "transfer-encoding",
    "expect",
    "upgrade",
    "connection",
    "proxy-connection",
    "idempotency-key",
)
"""What says how a request goes on, or what becomes of the connection; and what is of one request
only."""


def _pattern() -> str:
    """Nothing in it is tried twice, so that it takes a time that grows with the head."""
    read = [
        rf"(?i:{name}): (?({number})(?!))({value})"
        for number, (name, value) in enumerate(_VALUES.items(), 2)
    ]
    special = [*_VALUES, *_TO_THE_PARSER]
    starts = "".join(sorted({name[0] + name[0].upper() for name in special}))
    other = r"[A-Za-z0-9_-]++: [ -~]*+"
    lines = [
        rf"(?![{starts}]){other}",  # for speed: the last one would do
        *read,
        "(?i:connection: keep-alive)",
        rf"(?!(?i:{'|'.join(special)}):){other}",
    ]
    paths = "|".join(map(re.escape, PATHS))
    return rf"POST ({paths}) HTTP/1\.1\r\n(?:(?:{'|'.join(lines)})\r\n)*+\r\n"


_plain: Final = re.compile(_pattern().encode()).match


_MOST_IN_VAIN: Final = 4
_LONGEST_REMEMBERED: Final = 4096
_DIGITS: Final = 10


class Head(msgspec.Struct, frozen=True, gc=False):
    """Of a request that leaves the connection open. ``encoding`` is its ``Content-Encoding``."""

    endpoint: Endpoint
    headers: ClientHeaders
    encoding: str


class HeadReader:
    """Reads the plain requests of one connection. A client repeats its head, byte for byte but for
    the length of the body, with most of them: so the last one is remembered, unless those on this
    connection do not repeat, and never beyond the connection, for it holds a key."""

    def __init__(self, peer: str) -> None:
        """``peer``: the address at the other end."""
        self._peer = peer
        self._in_vain = 0
        """How many heads in a row were remembered and not repeated."""
        self._known: Head | None = None
        self._before = b""
        """The bytes of the known head before the number in ``Content-Length``."""
        self._after = b""

    def read(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body of the request, where ``data`` is exactly one, and a plain one."""
        if self._known is not None and data.startswith(self._before):
            start = len(self._before)
            end = data.find(b"\r", start, start + _DIGITS)
            number = data[start:end]
            if number.isdigit() and data.startswith(self._after, end):
                body = data[end + len(self._after) :]
                self._in_vain = 0
                return (self._known, body) if len(body) == int(number) else None
        return self._read(data)

    def _read(self, data: bytes) -> tuple[Head, bytes] | None:
        match = _plain(data, 0, LONGEST_HEAD)
        if match is None:
            return None
        path, host, length, api_key, origin, forwarded_for, user_agent, encoding = match.groups()
        start = match.end()
        if host is None or length is None or len(data) - start != int(length):
            return None
        headers = (api_key or b"", origin, forwarded_for, user_agent or b"", self._peer)
        head = Head(_ENDPOINTS[path], headers, encoding.decode() if encoding else "")
        if self._in_vain < _MOST_IN_VAIN and start <= _LONGEST_REMEMBERED:
            self._in_vain += 1
            at, end = match.span(_LENGTH)
            self._known, self._before, self._after = head, data[:at], data[end:start]
        return head, data[start:]
