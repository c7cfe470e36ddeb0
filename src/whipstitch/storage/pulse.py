"""Whether a ClickHouse server answers, asked beside the work that it is given: a server that hangs
takes work for a long time before that fails."""

import threading
from collections.abc import Callable
from typing import Final

from clickhouse_connect.driver.client import Client

from whipstitch.errors import StorageError
from whipstitch.storage.failures import translated

_PAUSE_SECONDS: Final = 2.0


class Pulse:
    """Asks every other second, on a thread of its own."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """``connect`` makes a client that is soon out of patience."""
        self.problem: str | None = "ClickHouse has not answered yet."
        """Why the server does not answer, for a person; None: it does."""
        self._connect = connect
        self._client: Client | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clickhouse-pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks no more. Does not wait for an answer that is awaited."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._ask()
            except StorageError as error:
                self.problem = str(error)
            else:
                self.problem = None
            self._stop.wait(_PAUSE_SECONDS)
        if self._client is not None:
            self._client.close()

    def _ask(self) -> None:
        with translated():
            if self._client is None:
                self._client = self._connect()
            self._client.command("SELECT 1")
