"""Request heads that were parsed before.

A client sends the same head, byte for byte, with most of its requests, and what the parser makes of
a head depends on nothing else. So the express lane parses each once."""

import msgspec

from whipstitch.doors.intake import Endpoint

_END = b"\r\n\r\n"
_LONGEST = 2048
_MOST = 4096


class Head(msgspec.Struct, frozen=True):
    """A head of a plain express request that leaves the connection open: ``text``, its blank line
    included. ``length`` is that of the body, in bytes."""

    text: bytes
    endpoint: Endpoint
    headers: dict[bytes, bytes]
    length: int
    encoding: str

    def begins(self, data: bytes) -> bool:
        """Whether ``data`` is exactly one request with this head."""
        text = self.text
        return len(data) == len(text) + self.length and data.startswith(text)

    def body_of(self, data: bytes) -> bytes:
        return data[len(self.text) :]


class Heads:
    """Heads by their bytes; bounded, for clients choose them."""

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}

    def remember(
        self,
        data: bytes,
        endpoint: Endpoint,
        headers: dict[bytes, bytes],
        length: int,
        encoding: str,
    ) -> None:
        """``data`` begins with the bytes of the head; the rest is what was parsed of it."""
        text = _head_of(data)
        if 0 < len(text) <= _LONGEST:
            if len(self._heads) >= _MOST:
                self._heads.clear()
            self._heads[text] = Head(text, endpoint, headers, length, encoding)

    def find(self, data: bytes) -> Head | None:
        """The head of ``data``, where that is exactly one request with a known head."""
        head = self._heads.get(_head_of(data))
        return head if head is not None and head.begins(data) else None


def _head_of(data: bytes) -> bytes:
    """Up to the first blank line; empty where there is none."""
    end = data.find(_END)
    return data[: end + len(_END)] if end >= 0 else b""
