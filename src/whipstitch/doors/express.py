"""The express lane: the four ingestion endpoints answered inside uvicorn's HTTP protocol, without
the detour through ASGI, which costs more than everything that admission does.

It takes the plain case only, a ``POST`` with a light body of announced length. Whatever else
arrives (large or chunked bodies, ``Expect``, other methods and paths) goes the ordinary way and is
answered by the ASGI door from the same intake. Pipelined requests are answered in their order,
whichever way each of them goes."""

import time
from collections import deque
from typing import Any

import httptools
import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from whipstitch.admission import answers
from whipstitch.admission.admit import Caller
from whipstitch.admission.answers import Answer
from whipstitch.doors.heads import Head, Heads
from whipstitch.doors.intake import PATHS, Endpoint, Intake, header_map
from whipstitch.doors.wire import Renderer

_RAW_PATHS: dict[bytes, Endpoint] = {path.encode(): kind for path, kind in PATHS.items()}
_MOST_HEADER_BYTES = 64 * 1024
_MOST_PIPELINED = 64
_SLOWEST = 16 * 1024
"""Bytes a second that a client must reach on average, once its first ``body_timeout`` is over."""
_LINGER_SECONDS = 2.0


class Exchange(msgspec.Struct, eq=False):
    """One request on the express lane and the answer that is due to it. ``began`` (monotonic) is
    when it was there, None where no body was needed."""

    protocol: "ExpressProtocol"
    endpoint: Endpoint
    encoding: str
    close: bool
    caller: Caller | None = None
    body: bytes = b""
    answer: Answer | None = None
    began: float | None = None

    def respond(self, answer: Answer) -> None:
        self.answer = answer
        self.protocol.answered(self)


class ExpressProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the express lane in front."""

    def __init__(
        self, intake: Intake, heads: Heads, renderer: Renderer, keep_alive: float, **uvicorn: Any
    ) -> None:
        super().__init__(**uvicorn)
        self._intake = intake
        self._heads = heads
        self._render = renderer.render
        self._keep_alive_seconds = keep_alive
        self._exchange: Exchange | None = None
        self._due: deque[Exchange] = deque()
        self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._peer = ""
        self._receiving = False  # between a request's first byte and its last
        self._in_headers = True
        self._since = time.monotonic()
        self._bytes = 0
        self._piece = b""  # what begins with the head that is being parsed, if nothing came before
        self._last = False  # no request after those that have been received
        self._abandoned = False  # answered; what else the client sends is thrown away

    # The connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._since = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        self._due.clear()
        self._held = None
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client may close its half once it has sent all; it still gets its answers."""
        if self._receiving and not self._drop_unfinished():
            return False
        self._close_when_done()
        return self._busy()

    def data_received(self, data: bytes) -> None:
        if self._abandoned:
            return
        if not self._receiving:
            if self._take_known(data):
                return
            self._receiving = True
            self._since = time.monotonic()
            self._piece = data
        self._bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._read(memoryview(data))
        except httptools.HttpParserError:
            self._give_up(answers.INVALID_HTTP)
        if self._in_headers and self._bytes > _MOST_HEADER_BYTES:
            self._give_up(answers.HEADERS_TOO_LARGE)
        if len(self._due) > _MOST_PIPELINED:
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Finishes what has been received, takes nothing more."""
        if self._due:
            self._close_when_done()
        else:
            super().shutdown()

    def cut_off(self, now: float, body_timeout: float) -> None:
        """Ends the connection of a client that takes for ever to send a request, or sends none.
        ``now`` is monotonic; called about once a second."""
        waited = now - self._since
        idle = waited > self._keep_alive_seconds and not self._asgi_is_busy()
        if idle and self.flow.write_paused:  # it does not even read its answers
            self.transport.abort()
        elif self._receiving:
            if waited > body_timeout + self._bytes / _SLOWEST:
                self._give_up(answers.TIMED_OUT)
        elif idle and not self._due:
            self.transport.close()

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
                self._piece = b""
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

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        endpoint = _RAW_PATHS.get(self.url)
        if endpoint is None or self.parser.get_method() != b"POST" or self._asgi_is_busy():
            self._go_by_asgi()
            return
        headers = header_map(self.headers)
        length = headers.get(b"content-length", b"0")
        if (
            not length.isdigit()
            or int(length) > self._intake.light_body
            or b"transfer-encoding" in headers
            or self.expect_100_continue
        ):
            self._go_by_asgi()
            return
        parser = self.parser
        close = parser.get_http_version() == "1.0" or not parser.should_keep_alive()
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        self._in_headers = False
        self._exchange = self._enter(endpoint, headers, encoding, close)
        if self._piece and not close:
            self._heads.remember(self._piece, Head(endpoint, headers, int(length), encoding))

    def on_body(self, body: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            super().on_body(body)
        elif exchange.body:
            exchange.body += body
        else:
            exchange.body = body

    def on_message_complete(self) -> None:
        self._receiving = False
        self._in_headers = True
        self._bytes = 0
        self._piece = b""
        self._since = time.monotonic()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self._take(exchange)
        elif not self.parser.should_upgrade():
            super().on_message_complete()

    def _take_known(self, data: bytes) -> bool:
        """The same for a request that came in one piece, with a head that was parsed before."""
        request = self._heads.whole_request(data)
        cycle = self.cycle
        if request is None or self._last or (cycle is not None and not cycle.response_complete):
            return False
        head, body = request
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._since = now = time.monotonic()
        exchange = self._enter(head.endpoint, head.headers, head.encoding, close=False)
        caller = exchange.caller
        if caller is None:
            self.flush()
        else:
            exchange.began = now
            self._intake.take(head.endpoint, caller, body, head.encoding, exchange.respond)
        if len(self._due) > _MOST_PIPELINED:
            self.flow.pause_reading()
        return True

    def _enter(
        self, endpoint: Endpoint, headers: dict[bytes, bytes], encoding: str, close: bool
    ) -> Exchange:
        exchange = Exchange(self, endpoint, encoding, close)
        self._due.append(exchange)
        caller = self._intake.enter(headers, self._peer)
        if isinstance(caller, Caller):
            exchange.caller = caller
        else:
            exchange.answer = caller  # sent when the body, which is light, has gone by
        return exchange

    def _take(self, exchange: Exchange) -> None:
        """``exchange`` has its body."""
        if exchange.caller is None:
            self.flush()
            return
        exchange.began = time.monotonic()
        self._intake.take(
            exchange.endpoint, exchange.caller, exchange.body, exchange.encoding, exchange.respond
        )

    # The answers

    def answered(self, exchange: Exchange) -> None:
        due = self._due
        if not due or due[0] is not exchange:
            return
        answer = exchange.answer
        if (
            len(due) > 1
            or answer is None
            or exchange.close
            or self._last
            or self._held is not None
            or self.flow.read_paused
            or self.transport.is_closing()
        ):
            self.flush()
            return
        # The plain case: nothing is due behind it.
        due.clear()
        self._since = now = time.monotonic()
        self.transport.write(self._render(answer, self.server_state.default_headers, close=False))
        seconds = None if exchange.began is None else now - exchange.began
        self._intake.count(answer, "express", seconds)

    def flush(self) -> None:
        """Sends the answers that are there, up to the first that is still awaited."""
        due = self._due
        pieces = []
        close = False
        # A refusal may be known while the request is still being received.
        while due and (answer := due[0].answer) and due[0] is not self._exchange and not close:
            exchange = due.popleft()
            close = exchange.close or (self._last and not due and self._held is None)
            pieces.append(self._render(answer, self.server_state.default_headers, close=close))
            seconds = None if exchange.began is None else time.monotonic() - exchange.began
            self._intake.count(answer, "express", seconds)
        if not pieces or self.transport.is_closing():
            return
        self.transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        self.server_state.total_requests += len(pieces)
        if close:
            self._close()
            return
        if not due:
            self._since = time.monotonic()
            if self._held is not None:
                held, self._held = self._held, None
                super()._start_asgi_task(*held)
        held_back = self.flow.write_paused or self._asgi_is_busy()
        if len(due) < _MOST_PIPELINED // 2 and not held_back:
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        self._give_up(answers.INVALID_HTTP)

    def _give_up(self, answer: Answer) -> None:
        """Answers what cannot be read on with, behind what was asked before it, and closes once
        the client has had it."""
        self._abandoned = True
        if not self._drop_unfinished():
            self._close()
        elif self._asgi_is_busy():
            self._close_when_done()
        else:
            exchange = Exchange(self, "track", "", close=True)
            self._due.append(exchange)
            exchange.respond(answer)

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

    def _close_when_done(self) -> None:
        self._last = True
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _close(self) -> None:
        """Closes the connection. Where the client is still sending, only this half at first: a
        socket closed on unread data is reset, and the client may never see the answer."""
        if self._abandoned and self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(_LINGER_SECONDS, self.transport.abort)
        else:
            self.transport.close()

    # The ordinary way

    def on_response_complete(self) -> None:
        self._since = time.monotonic()
        super().on_response_complete()

    def _go_by_asgi(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()
        self._in_headers = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._due:
            # Answers before this one are still awaited.
            self._held = (cycle, app)
            self.flow.pause_reading()
        else:
            super()._start_asgi_task(cycle, app)

    def _asgi_is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _busy(self) -> bool:
        return bool(self._due) or self._asgi_is_busy()
