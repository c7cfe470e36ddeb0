"""Whether a ClickHouse server answers, asked beside the work that it is given: a server that hangs
takes work for a long time before that fails."""

import time
from collections.abc import Callable
from typing import Final

from whipstitch.core.worker import BackgroundWorker
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated

_PAUSE_SECONDS: Final = 2.0
_LATE_SECONDS: Final = 5.0
"""For the whole answer: a client's patience begins anew with each byte, however slowly it comes."""


class HealthCheck:
    """Asks every other second, on a thread of its own."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """``connect`` makes a client that is soon out of patience."""
        self._connect = connect
        self._client: Client | None = None
        self._answered = False
        self._took = 0.0
        self._asking_since: float | None = None
        self._work = BackgroundWorker(
            "clickhouse-pulse", self._ask, lambda: _PAUSE_SECONDS, self._leave
        )
        self._work.start()

    @property
    def problem(self) -> str | None:
        """Why the server does not answer, for a person; None: it does."""
        since = self._asking_since
        if since is not None and (waited := time.monotonic() - since) > _LATE_SECONDS:
            return f"ClickHouse has not answered for {waited:.0f} seconds."
        if self._work.problem is not None:
            return self._work.problem
        if self._took > _LATE_SECONDS:
            return (
                f"ClickHouse takes {self._took:.0f} seconds to say that it is there: look at its "
                "machine and the way to it."
            )
        return None if self._answered else "ClickHouse has not answered yet."

    def stop(self) -> None:
        """Asks no more. Does not wait for an answer that is awaited."""
        self._work.stop(0.0)

    def _ask(self) -> None:
        self._asking_since = since = time.monotonic()
        try:
            with translated():
                if self._client is None:
                    self._client = self._connect()
                self._client.command("SELECT 1")
            self._answered = True
            self._took = time.monotonic() - since
        finally:
            self._asking_since = None

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
