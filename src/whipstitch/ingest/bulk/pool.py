"""Bodies so large that admitting them on the event loop would hold up the other clients.

They are received into a file and admitted by a worker process, with the same functions. Up to a
bound the rows come back and join the journal's next group; beyond it the worker writes a journal
segment of its own, which is adopted whole."""

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any, TypeVar

import structlog

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.turns import Claim, NoRoom, Turns
from whipstitch.ingest.bulk.worker import Job, admit, begin
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.journal.journal import Journal

log = structlog.get_logger(__name__)

T = TypeVar("T")
_WORKERS = 3
_OF_ONE_KEY = 2
"""Bodies of one key that are admitted at one time: the third worker is for others."""
_WAITING = 256
_WAITING_OF_ONE = 32
_LOOK_SECONDS = 1.0
_WORKER_BYTES = 384 * 1024 * 1024
"""How much memory a worker may take besides the body."""


class BulkPool:
    """The worker processes, started when they are first needed."""

    def __init__(
        self,
        journal: Journal,
        spools: Path,
        *,
        max_body: int,
        placeholders: Placeholders,
        directory: Callable[[], ProjectSnapshot | None],
        max_operation: int = 0,
    ) -> None:
        """``spools`` is the folder for bodies being received; what an earlier run left there
        goes. ``max_body``: bytes that a body may unpack to. ``max_operation``: see ``Admission``.
        """
        self._journal = journal
        self._spools = spools
        self._max_body = max_body
        self._max_operation = max_operation
        self._placeholders = placeholders
        self._directory = directory
        self._pool: ProcessPoolExecutor | None = None
        self._turns = Turns(_WORKERS, waiting=_WAITING, waiting_each=_WAITING_OF_ONE)
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._closed = False
        # Workers read at one end, and go when the other closes with the server, however that ends.
        self._workers_end, self._lifeline = Pipe(duplex=False)
        spools.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in spools.iterdir():
            left.unlink()

    def new_spool(self) -> Path:
        """A name for a file that a body is received into. Whoever asks removes the file."""
        return self._spools / secrets.token_hex(8)

    async def admit(
        self, endpoint: str, client: ClientContext, spool: Path, encoding: str
    ) -> Validated | Answer:
        """Admits the body in ``spool``, when it is the key's turn. An ``Answer``: that is all
        (refused, discarded, or its rows are durable already, see ``Validated.lines``)."""
        size = spool.stat().st_size
        if not self._journal.has_room(size + self._waiting_bytes):
            return answers.UNAVAILABLE
        self._waiting_bytes += size
        try:
            async with self._turns.turn(Claim(client.key.key, _OF_ONE_KEY)):
                return await self._admit(endpoint, client, spool, encoding, size)
        except NoRoom:
            return answers.UNAVAILABLE
        finally:
            self._waiting_bytes -= size

    async def _admit(
        self, endpoint: str, client: ClientContext, spool: Path, encoding: str, size: int
    ) -> Validated | Answer:
        part = self._journal.new_part()
        job = Job(
            endpoint,
            client,
            spool,
            encoding,
            self._max_body,
            part,
            self._journal.room,
            self._journal.sequence.last,
            self._placeholders,
            self._known_screens(client),
            self._max_operation,
        )
        try:
            pool = self._workers()
            outcome = await _outcome(pool, pool.submit(admit, job))
            if isinstance(outcome, Answer):
                return outcome
            self._journal.sequence.skip(outcome.last)
            if outcome.parted:
                await asyncio.to_thread(self._journal.adopt, part)
        except BrokenProcessPool:
            log.error("heavy_worker_died", body_bytes=size)
            self._forget(pool)
            part.unlink(missing_ok=True)
            return answers.UNAVAILABLE
        except OSError as error:
            log.error("heavy_body_not_stored", problem=error.strerror)
            part.unlink(missing_ok=True)
            return answers.UNAVAILABLE
        except Exception:
            # A fault of ours, which must not leave the client without an answer.
            log.exception("bulk_admission_failed", endpoint=endpoint, body_bytes=size)
            part.unlink(missing_ok=True)
            return answers.FAILED
        return Validated(outcome.lines, outcome.rows, outcome.tally, outcome.answer)

    def do(self, work: Callable[..., T], *arguments: object) -> T:
        """Does ``work``, a function of a module, in a worker; for other threads than the loop's.

        Raises:
            BrokenProcessPool: the worker has ended, while others were not told to.
            RuntimeError: all were told to end.
        """
        if self._closed:
            raise RuntimeError("The workers have ended.")
        pool = self._workers()
        try:
            return pool.submit(work, *arguments).result()
        except BrokenProcessPool:
            if self._closed:
                raise RuntimeError("The workers have ended.") from None
            self._forget(pool)
            raise

    def close(self) -> None:
        """Ends the workers, whatever they are at: nobody waits for an answer any more."""
        if self._closed:
            return
        self._closed = True
        if self._pool is not None:
            for worker in list(self._pool._processes.values()):  # from 3.14 on: kill_workers()
                worker.kill()
            self._pool.shutdown(cancel_futures=True)
        self._lifeline.close()
        self._workers_end.close()

    def _workers(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                memory = _WORKER_BYTES + self._max_body
                # Spawned, not forked: the server's threads and its engine must not be copied.
                self._pool = ProcessPoolExecutor(
                    _WORKERS, get_context("spawn"), begin, (self._workers_end, memory)
                )
            return self._pool

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        """The next one who needs workers has new ones."""
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)

    def _known_screens(self, client: ClientContext) -> ProjectSnapshot:
        """The client's screens are all that a worker needs of the directory."""
        known = self._directory() or ProjectSnapshot()
        project = client.key.project.id
        return ProjectSnapshot(
            screens={name: version for name, version in known.screens.items() if name[0] == project}
        )


async def _outcome(pool: ProcessPoolExecutor, admitting: Future[T]) -> T:
    """Raises BrokenProcessPool where nobody is left who would tell, which the pool itself does not
    notice."""
    telling = asyncio.wrap_future(admitting)
    while True:
        done, _ = await asyncio.wait({telling}, timeout=_LOOK_SECONDS)
        if done:
            return await telling
        thread: Any = pool._executor_manager_thread
        if thread is not None and not thread.is_alive() and not telling.done():
            admitting.cancel()
            raise BrokenProcessPool("The thread that hears of its outcomes has ended.")
