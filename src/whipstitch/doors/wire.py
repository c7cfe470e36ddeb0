"""Answers as HTTP: the headers that both doors send, and the bytes that the express lane sends."""

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from whipstitch.admission.answers import Answer

Headers = list[tuple[bytes, bytes]]

# Ingestion keys ship inside web pages: any page may send and read the answer. What rejects is the
# project's own list (contract README, "Order of checks").
_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
]
_PREFLIGHT_SECONDS = b"86400"


def headers_of(answer: Answer) -> Headers:
    """The answer's own headers; the server adds its date."""
    headers = []
    if answer.body:
        headers.append((b"content-type", b"application/json"))
    headers.append((b"content-length", b"%d" % len(answer.body)))
    if answer.retry_after is not None:
        headers.append((b"retry-after", b"%d" % answer.retry_after))
    if answer.allow is not None:
        headers.append((b"allow", answer.allow.encode()))
    return headers + _CORS


def preflight_headers(asked: bytes) -> Headers:
    """What a browser wants to know before it sends; ``asked`` are the request headers it named."""
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", asked or b"content-type, content-encoding, x-api-key"),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"vary", b"access-control-request-headers"),
    ]


def to_bytes(answer: Answer, default_headers: Headers, *, close: bool) -> bytes:
    """The whole response, as the server would write it for the ASGI door."""
    before, after = _fixed(answer)
    dated = b"".join([b"%b: %b\r\n" % header for header in default_headers])
    ending = b"connection: close\r\n\r\n" if close else b"\r\n"
    return b"".join((before, dated, after, ending, answer.body))


@lru_cache(maxsize=512)
def _fixed(answer: Answer) -> tuple[bytes, bytes]:
    lines = b"".join([b"%b: %b\r\n" % header for header in headers_of(answer)])
    return STATUS_LINE[answer.status], lines
