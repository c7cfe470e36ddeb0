"""Request heads that were parsed before.

A client sends the same head, byte for byte, with most of its requests, and what the parser makes of
a head depends on nothing else. So the express lane parses each once."""

from typing import NamedTuple

from whipstitch.doors.intake import Endpoint

_END = b"\r\n\r\n"
_LONGEST = 2048
_MOST = 4096


class Head(NamedTuple):
    """A head of a plain express request that leaves the connection open. ``length`` is that of the
    body, in bytes."""

    endpoint: Endpoint
    headers: dict[bytes, bytes]
    length: int
    encoding: str


class Heads:
    """Heads by their bytes; bounded, for clients choose them."""

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}

    def remember(self, data: bytes, head: Head) -> None:
        """``data`` begins with the bytes of ``head``."""
        end = data.find(_END)
        if 0 < end <= _LONGEST:
            if len(self._heads) >= _MOST:
                self._heads.clear()
            self._heads[data[:end]] = head

    def whole_request(self, data: bytes) -> tuple[Head, bytes] | None:
        """Head and body, where ``data`` is exactly one request with a known head."""
        end = data.find(_END)
        head = self._heads.get(data[:end])
        if head is None or len(data) != end + len(_END) + head.length:
            return None
        return head, data[end + len(_END) :]
