"""What the server does about once a second: cuts off clients that send for ever, and looks how
late the event loop is."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

_SECONDS = 1.0
_TICKS_REMEMBERED = 15


class ClientConnection(Protocol):
    def cut_off(self, now: float, body_timeout: float) -> None: ...


class Heartbeat:
    def __init__(
        self,
        connections: Callable[[], Iterable[object]],
        body_timeout: float,
        beat: Callable[[], None],
    ) -> None:
        """``body_timeout``: seconds that a client may take to send a request. ``beat`` is called
        each time; what it raises ends the heartbeat."""
        self._beat = beat
        self._connections = connections
        self._body_timeout = body_timeout
        self._lags: deque[float] = deque([0.0], maxlen=_TICKS_REMEMBERED)

    @property
    def lag(self) -> float:
        """Seconds that the event loop was late, at worst, lately."""
        return max(self._lags)

    async def run(self) -> None:
        """Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _SECONDS
            await asyncio.sleep(_SECONDS)
            self._lags.append(max(0.0, loop.time() - due))
            now = time.monotonic()
            for connection in list(self._connections()):
                cut_off = getattr(connection, "cut_off", None)
                if cut_off is not None:
                    try:
                        cut_off(now, self._body_timeout)
                    except Exception:
                        # One connection must not keep the others from being looked at.
                        log.exception("connection_not_cut_off")
            self._beat()
