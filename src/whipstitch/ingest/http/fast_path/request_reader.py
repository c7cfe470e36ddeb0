"""The reading half of the fast path: plain requests that come in one piece are read at one go
(``header_cache``), the others as uvicorn's parser finds them.

It takes the plain case only, a ``POST`` with a small body of announced length. Whatever else
arrives (large or chunked bodies, ``Expect``, other methods and paths) goes the ordinary way and is
answered by the ASGI door from the same service.

One state machine: where a request may be in it is told by all of these methods together; so the
module is long."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

import httptools
import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.endpoints import PATHS, Endpoint
from whipstitch.ingest.http.fast_path.header_cache import HeadReader
from whipstitch.ingest.http.strictness import LONGEST_HEAD, header_map, is_sound, size_of
from whipstitch.ingest.service import IngestService
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

MOST_PIPELINED = 64
_RAW_PATHS: dict[bytes, Endpoint] = {
    f"{before}{path}{after}".encode(): kind
    for path, kind in PATHS.items()
    for before in ("", "/")
    for after in ("", "/")
}
"""Of the paths that mean an endpoint (``plain_path``), those that clients do send."""


class Exchange(msgspec.Struct, eq=False):
    """One request on the fast path and the answer that is due to it. ``began`` (monotonic) is
    when it was there, None where no body was needed."""

    protocol: "RequestReader"
    endpoint: Endpoint
    encoding: str
    close: bool
    client: ClientContext | None = None
    body: bytes = b""
    answer: Answer | None = None
    began: float | None = None

    def respond(self, answer: Answer) -> None:
        self.answer = answer
        self.protocol.answered(self, answer)


class RequestReader(HttpToolsProtocol, ABC):
    """uvicorn's protocol, which puts plain requests into ``_due``, in their order, and has the
    the ingest service take them."""

    def __init__(self, service: IngestService, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._service = service
        self._exchange: Exchange | None = None
        self._due: deque[Exchange] = deque()
        self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._peer = ""
        self._heads = HeadReader("")
        self._receiving = False  # between a request's first byte and its last
        self._in_headers = True
        self._since = time.monotonic()
        self._bytes = 0
        self._arrived = 0  # bytes; no head that is complete by now is longer
        self._beside = 0  # bytes of a request's body that are not its content, in a row
        self._refusal = answers.INVALID_HTTP  # of what the parser does not go on with
        self._last = False  # no request after those that have been received
        self._abandoned = False  # answered; what else the client sends is thrown away

    @abstractmethod
    def answered(self, exchange: Exchange, answer: Answer) -> None:
        """``exchange`` has its answer."""

    @abstractmethod
    def flush(self) -> None:
        """Sends the answers that are there, up to the first that is still awaited."""

    @abstractmethod
    def _give_up(self, answer: Answer) -> None:
        """Answers what cannot be read on with, behind what was asked before it, and closes once
        the client has had it."""

    # The connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._heads = HeadReader(self._peer)
        self._since = time.monotonic()

    def data_received(self, data: bytes) -> None:
        if self._abandoned:
            return
        if not self._receiving:
            if self._take_plain(data):
                return
            self._receiving = True
            self._since = time.monotonic()
            self._arrived = 0
        self._bytes += len(data)
        self._arrived += len(data)
        self._beside += len(data)
        self._unset_keepalive_if_required()
        try:
            self._read(memoryview(data))
        except httptools.HttpParserError:
            self._give_up(self._refusal)
        # A body here is of announced length: all of it is content.
        beside = self._beside if self._exchange is None else 0
        if (self._bytes if self._in_headers else beside) > LONGEST_HEAD:
            self._give_up(answers.HEADERS_TOO_LARGE)
        if len(self._due) > MOST_PIPELINED:
            self.flow.pause_reading()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        self._give_up(answers.INVALID_HTTP)

    # A request, as the parser reads it

    def _read(self, data: memoryview) -> None:
        """Feeds the parser. An offer of HTTP/2 or a WebSocket, which Java's client makes with its
        first request, is declined by an ordinary answer; but the parser takes the rest, the body
        too, for the new protocol. It gets the head once more, without the offer.

        Raises:
            httptools.HttpParserError
        """
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                if self.parser.get_method() == b"CONNECT":
                    raise httptools.HttpParserError("no proxy") from None
                head = self._head_without_offer()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join((*lines, b"", b""))

    def on_message_begin(self) -> None:
        self._receiving = True  # also where it comes in one piece with the one before
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self.parser
        if parser.should_upgrade():
            return
        version = parser.get_http_version()
        headers = header_map(self.headers)
        if self._arrived > LONGEST_HEAD and size_of(self.url, self.headers) > LONGEST_HEAD:
            self._refusal = answers.HEADERS_TOO_LARGE
            raise httptools.HttpParserError
        if not is_sound(version, headers, self.headers):
            raise httptools.HttpParserError
        self.expect_100_continue = headers.get(b"expect", b"").strip().lower() == b"100-continue"
        endpoint = _RAW_PATHS.get(self.url)
        if endpoint is None or parser.get_method() != b"POST" or self._asgi_is_busy():
            self._go_by_asgi()
            return
        length = headers.get(b"content-length", b"0")
        if (
            not length.isdigit()
            or int(length) > self._service.largest_small_body
            or b"transfer-encoding" in headers
            or self.expect_100_continue
        ):
            self._go_by_asgi()
            return
        close = version == "1.0" or not parser.should_keep_alive()
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        self._in_headers = False
        self._exchange = self._enter(endpoint, headers, encoding, close)

    def on_body(self, body: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            self._beside = 0
            super().on_body(body)
        elif exchange.body:
            exchange.body += body
        else:
            exchange.body = body

    def on_message_complete(self) -> None:
        self._receiving = False
        self._in_headers = True
        self._bytes = 0
        self._since = time.monotonic()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._take(exchange)
        elif not self.parser.should_upgrade():
            super().on_message_complete()

    def _enter(
        self, endpoint: Endpoint, headers: dict[bytes, bytes], encoding: str, close: bool
    ) -> Exchange:
        exchange = Exchange(self, endpoint, encoding, close)
        self._due.append(exchange)
        client = self._service.enter(endpoint, headers, self._peer)
        if isinstance(client, ClientContext):
            exchange.client = client
        else:
            exchange.answer = client  # sent when the body, which is small, has gone by
        return exchange

    def _take(self, exchange: Exchange) -> None:
        """``exchange`` has its body."""
        if exchange.client is None:
            self.flush()
            return
        exchange.began = time.monotonic()
        self._service.take(
            exchange.endpoint, exchange.client, exchange.body, exchange.encoding, exchange.respond
        )

    # A request that needs no parser

    def _take_plain(self, data: bytes) -> bool:
        """Takes ``data``, where it is exactly one plain request."""
        found = self._heads.read(data)
        if found is None:
            return False
        head, body = found
        service = self._service
        if len(body) > service.largest_small_body or self._last or self._asgi_is_busy():
            return False
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._since = now = time.monotonic()
        exchange = Exchange(self, head.endpoint, head.encoding, False)
        self._due.append(exchange)
        client = service.check_rate_limit(head.endpoint, head.headers)
        if isinstance(client, ClientContext):
            exchange.client = client
            exchange.began = now
            service.take(head.endpoint, client, body, head.encoding, exchange.respond)
        else:
            exchange.answer = client
            self.flush()
        if len(self._due) > MOST_PIPELINED:
            self.flow.pause_reading()
        return True

    # Out of the fast path

    def _drop_unfinished(self) -> bool:
        """Forgets the request that is being received, for it will never be whole. False: its
        answer is on its way already, and nothing more may be said."""
        in_body = self._receiving and not self._in_headers
        self._receiving = self._in_headers = False
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._due.remove(exchange)
            return True
        if not in_body:
            return True
        cycle = self.cycle
        if cycle.response_started or self.pipeline:
            return False
        # Done with, as far as this connection goes; the application is told that the client left.
        self._held = None
        cycle.disconnected = cycle.response_complete = True
        cycle.message_event.set()
        return True

    def _go_by_asgi(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()
        self.headers = []  # what follows a chunked body are no headers, whatever they are named
        self._in_headers = False
        self._beside = 0

    def _asgi_is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
