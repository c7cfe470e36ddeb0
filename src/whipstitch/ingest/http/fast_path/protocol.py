"""The fast path: the four ingestion endpoints answered inside uvicorn's HTTP protocol, without
the detour through ASGI, which costs more than everything that admission does.

Pipelined requests are answered in their order, whichever way each of them goes."""

import time
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from whipstitch.ingest.endpoints import PATHS
from whipstitch.ingest.http.connection_limits import ConnectionLimits
from whipstitch.ingest.http.fast_path.request_reader import MOST_PIPELINED, Exchange, RequestReader
from whipstitch.ingest.http.responses import ResponseEncoder
from whipstitch.ingest.http.sdk_answers import sdk_path
from whipstitch.ingest.service import IngestService
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

_SLOWEST = 16 * 1024
"""Bytes a second that a client must reach on average, once its first ``body_timeout`` is over."""
_LINGER_SECONDS = 2.0
_IDLE_SECONDS = 1.0
_HEAD_SECONDS = 5.0
"""After so long without a request, or with a part of a head, a connection is closed where others
want to be."""
_QUESTIONS = "/api/v1/"
"""Where what is asked begins, unless it is one of the ingestion endpoints."""


class FastPathProtocol(RequestReader):
    """uvicorn's protocol with the fast path in front."""

    def __init__(
        self,
        service: IngestService,
        renderer: ResponseEncoder,
        keep_alive: float,
        crowd: ConnectionLimits,
        **uvicorn: Any,
    ) -> None:
        super().__init__(service, **uvicorn)
        self._crowd = crowd
        self._render = renderer.render
        self._keep_alive_seconds = keep_alive

    # The connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if not self._crowd.enter(self, self._peer):
            self._abandoned = True
            headers = self.server_state.default_headers
            transport.write(self._render(answers.UNAVAILABLE, headers, close=True))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        self._due.clear()
        self._held = None
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn returns None
        """A client may close its half once it has sent all; it still gets its answers. Only whoever
        asks a question takes it back by closing the connection."""
        if self._receiving and not self._drop_unfinished():
            return False
        self._close_when_done()
        return self._busy() and not self._asks()

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

    def idle_since(self, now: float) -> float | None:
        """See ``ConnectionLimits``. Who takes long to send a head keeps the connection as idle as
        who sends nothing."""
        head_only = self._receiving and self._in_headers
        patience = _HEAD_SECONDS if head_only else _IDLE_SECONDS
        if (self._receiving and not head_only) or self._busy() or now - self._since < patience:
            return None
        return self._since

    def send_away(self) -> None:
        self.transport.close()

    # The answers

    def answered(self, exchange: Exchange, answer: Answer) -> None:
        due = self._due
        if not due or due[0] is not exchange:
            return
        if (
            len(due) > 1
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
        self._service.count(answer, "express", seconds, exchange.endpoint, exchange.client)

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
            self._service.count(answer, "express", seconds, exchange.endpoint, exchange.client)
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
        if len(due) < MOST_PIPELINED // 2 and not held_back:
            self.flow.resume_reading()

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._due:
            # Answers before this one are still awaited.
            self._held = (cycle, app)
            self.flow.pause_reading()
        else:
            super()._start_asgi_task(cycle, app)

    def _busy(self) -> bool:
        return bool(self._due) or self._asgi_is_busy()

    def _asks(self) -> bool:
        """Whether all that is still due is the answer to a question."""
        if self._due or self.pipeline or not self._asgi_is_busy():
            return False
        path = self.cycle.scope["path"]
        return path.startswith(_QUESTIONS) and path not in PATHS and sdk_path(path) is None
