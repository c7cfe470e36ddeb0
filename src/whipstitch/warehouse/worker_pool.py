"""Threads of our own for ClickHouse's work, each with a client of its own."""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from whipstitch.core.errors import StorageUnavailable, StorageUnreachable
from whipstitch.core.threads import VitalThread
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated

T = TypeVar("T")
_CLOSED: Final = "The storage is closed."
_Job = Callable[["_Worker"], None]


def _always() -> int:
    return 0


class _Worker:
    """One thread's client, made at its first use, for another run of ClickHouse, and after it
    reached nobody: whoever is there next may be another server."""

    def __init__(self, connect: Callable[[], Client], run: Callable[[], int]) -> None:
        self._connect = connect
        self._run = run
        self._client: Client | None = None
        self._made_in = 0

    def client(self) -> Client:
        run = self._run()
        if run != self._made_in:
            self.leave()
        if self._client is None:
            with translated():
                self._client = self._connect()
            self._made_in = run
        return self._client

    def leave(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            with contextlib.suppress(Exception):  # nobody uses it any more
                client.close()


class WorkerPool:
    """Runs work one after the other on ``threads`` threads. Work raises what its client raises.

    They are daemons: a server that never answers must not keep the process from ending."""

    def __init__(
        self,
        name: str,
        threads: int,
        connect: Callable[[], Client],
        run: Callable[[], int] = _always,
    ) -> None:
        """``run`` tells runs of ClickHouse apart; it raises StorageUnavailable while there is none,
        which the work then meets."""
        self._jobs: SimpleQueue[tuple[_Job, Future[Any]] | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._connect = connect
        self._run = run
        self._closed = False
        self._threads = [VitalThread(f"{name}-{number}", self._serve) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[Client], T], future: Future[T] | None = None) -> Future[T]:
        """``work``'s result to come, or the StorageError that it met; in ``future`` if given."""
        future = future or Future()

        def job(seat: _Worker) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                client = seat.client()
                with translated():
                    result = work(client)
            except BaseException as error:
                if isinstance(error, StorageUnreachable):
                    seat.leave()
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._closing:
            if not self._closed:
                self._jobs.put((job, future))
                return future
        future.set_exception(StorageUnavailable(_CLOSED))
        return future

    def close(self, until: float) -> None:
        """Ends the threads after the work that was given to them, waiting at most until then, by
        the monotonic clock."""
        with self._closing:
            self._closed = True
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._refuse_the_rest()

    def _serve(self) -> None:
        seat = _Worker(self._connect, self._run)
        while (job := self._jobs.get()) is not None:
            job[0](seat)
        seat.leave()

    def _refuse_the_rest(self) -> None:
        """What no thread has begun, for all of them hang."""
        with contextlib.suppress(Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None and job[1].set_running_or_notify_cancel():
                    job[1].set_exception(StorageUnavailable(_CLOSED))
        for _ in self._threads:
            self._jobs.put(None)
