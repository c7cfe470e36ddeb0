"""Answers as HTTP: the headers that both doors send, and the bytes that the fast path sends."""

from collections.abc import Mapping

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from whipstitch.ingest.validation.answers import Answer

Headers = list[tuple[bytes, bytes]]

# Ingestion keys ship inside web pages: any page may send and read the answer. What rejects is the
# project's own list (contract README, "Order of checks").
_ANY_ORIGIN: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
]
_OF_EVERY_ANSWER: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_PREFLIGHT_SECONDS = b"86400"
_MOST_RENDERED = 256
_NEVER_A_BODY = frozenset({204, 304})


def headers_of(
    answer: Answer, cors: Headers = _ANY_ORIGIN, content_type: str = "application/json"
) -> Headers:
    """The answer's own headers; the server adds its date. ``cors``: which pages may read it."""
    headers = []
    if answer.body:
        headers.append((b"content-type", content_type.encode()))
    if answer.status not in _NEVER_A_BODY:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    if answer.retry_after is not None:
        headers.append((b"retry-after", b"%d" % answer.retry_after))
    if answer.allow is not None:
        headers.append((b"allow", answer.allow.encode()))
    return headers + cors + _OF_EVERY_ANSWER


def credentialed_cors(asked: Mapping[bytes, bytes]) -> Headers:
    """For ``headers_of``, and for preflights: what lets the page of a request with the headers
    ``asked`` send it and read the answer, with credentials, too: beacons always are sent with them.
    They are not looked at."""
    origin = asked.get(b"origin")
    if origin is None:
        return _ANY_ORIGIN
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"etag, retry-after"),
        (b"vary", b"origin, access-control-request-headers"),
    ]
    if b"access-control-request-method" in asked:
        wanted = asked.get(b"access-control-request-headers", b"")
        headers += [
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ]
        if wanted:
            headers.append((b"access-control-allow-headers", wanted))
    return headers


def preflight_headers(asked: bytes) -> Headers:
    """What a browser wants to know before it sends; ``asked`` are the request headers it named."""
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", asked or b"content-type, content-encoding, x-api-key"),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"vary", b"access-control-request-headers"),
    ]


class ResponseEncoder:
    """Whole responses, as the server would write them for the ASGI door. Most are the same as the
    one before, up to the date, which changes once a second."""

    def __init__(self) -> None:
        self._default_headers: Headers = []
        self._rendered: dict[tuple[Answer, bool], bytes] = {}
        self._last: Answer | None = None  # and what it was rendered to, the connection staying open
        self._last_rendered = b""

    def render(self, answer: Answer, default_headers: Headers, *, close: bool) -> bytes:
        """``default_headers`` are the server's own, the same list as long as they do not change."""
        if default_headers is not self._default_headers or len(self._rendered) > _MOST_RENDERED:
            self._default_headers = default_headers
            self._rendered.clear()
            self._last = None
        elif answer is self._last and not close:
            return self._last_rendered  # a look-up compares whole answers
        rendered = self._rendered.get((answer, close))
        if rendered is None:
            headers = default_headers + headers_of(answer)
            if close:
                headers.append((b"connection", b"close"))
            lines = [b"%b: %b\r\n" % header for header in headers]
            rendered = b"".join((STATUS_LINE[answer.status], *lines, b"\r\n", answer.body))
            self._rendered[answer, close] = rendered
        if not close:
            self._last, self._last_rendered = answer, rendered
        return rendered
