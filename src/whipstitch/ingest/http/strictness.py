"""What a request's head may look like: stricter than HTTP allows where two readers of one head,
such as a proxy and this server, could see different requests in it.

The parser has refused already: line ends that are no CRLF, folded lines, spaces before a colon,
control characters, and what is not one plain ``Content-Length`` or one ``chunked`` (RFC 9112)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

Headers = Sequence[tuple[bytes, bytes]]

LONGEST_HEAD: Final = 64 * 1024
"""Bytes of a request line and its headers; and of what follows a chunked body."""
_LINE_ENDS: Final = len(b"POST  HTTP/1.1\r\n\r\n")
_HEADER_ENDS: Final = len(b": \r\n")
_HOST: Final = re.compile(rb"[!$%&'()*+\-.:;=\[\]_~0-9A-Za-z]*[ \t]*")


def header_map(headers: Headers) -> dict[bytes, bytes]:
    """Headers by name, in lower case. Several of one name that do not say the same are one list."""
    found = dict(headers)
    if len(found) < len(headers):
        every: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            every.setdefault(name, []).append(value)
        for name, values in every.items():
            if values.count(values[0]) < len(values):
                found[name] = b",".join(values)
    return found


def is_sound(version: str, found: Mapping[bytes, bytes], headers: Headers) -> bool:
    """Whether a head can mean one thing only. ``found`` are its ``headers`` by name."""
    host = found.get(b"host")
    if version == "1.1":
        if host is None:
            return False
    elif version != "1.0" or b"transfer-encoding" in found:
        return False
    if b"transfer-encoding" in found and found[b"transfer-encoding"].strip().lower() != b"chunked":
        return False
    if host is not None and not _HOST.fullmatch(host):
        return False
    return len(found) == len(headers) or sum(name == b"host" for name, _ in headers) <= 1


def size_of(target: bytes, headers: Headers) -> int:
    """Bytes that a head has at least."""
    return len(target) + _LINE_ENDS + sum(len(n) + len(v) + _HEADER_ENDS for n, v in headers)
