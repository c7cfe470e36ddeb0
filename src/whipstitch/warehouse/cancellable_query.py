"""A query that can be taken back while it runs."""

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final

from whipstitch.warehouse.client import Client
from whipstitch.warehouse.worker_pool import WorkerPool

_AGAIN_SECONDS: Final = 0.1


class CancellableQuery(Future[list[Sequence[Any]]]):
    """A query's rows to come. ``name`` tells it apart in ClickHouse, as its ``log_comment``.

    Cancelled before it runs, it never does. Cancelled while it runs, it is ended on ``ending``, a
    worker of its own, and fails with QueryCancelled some moments later."""

    def __init__(self, ending: WorkerPool) -> None:
        super().__init__()
        self.name: Final = f"whipstitch-{secrets.token_hex(16)}"
        self._ending = ending

    def cancel(self) -> bool:
        if super().cancel():
            return True
        if not self.done():
            self._ending.run(self._end)
        return False

    def _end(self, client: Client) -> None:
        # It may be on its way to ClickHouse still.
        while not self.done():
            client.query(
                "KILL QUERY WHERE Settings['log_comment'] = {name:String} ASYNC",
                {"name": self.name},
            )
            time.sleep(_AGAIN_SECONDS)
