"""Group commit: what arrives while one group is being written becomes the next group.

Both committers are fed from the event loop's thread and tell the outcome there."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

import msgspec
import structlog

from whipstitch.core.threads import VitalThread

log = structlog.get_logger(__name__)


class Entry(msgspec.Struct, gc=False):
    """One request's rows. What is to be done afterwards is a subclass's affair: on the way of every
    event, one object is cheaper than an object and a function."""

    lines: bytes
    rows: int

    def done(self, durable: bool) -> None:
        """Called once, on the event loop's thread: the rows are durable, or not stored at all."""
        raise NotImplementedError


Write = Callable[[list[Entry]], bool]
"""Makes a group durable, whole or not at all; tells which. Does not raise."""
Tell = Callable[[list[Entry], bool], None]
"""Gives a group its outcome, on the event loop's thread."""


_ROUNDS = 3
"""Of the event loop, at most, in which what else comes may join a group: a sync costs more than all
of them."""


class Committer(Protocol):
    def put(self, entry: Entry) -> None: ...
    def hangs(self) -> bool:
        """Whether the disk has kept a group waiting for too long. Whoever waited is told that it
        is not durable, though it may be; nothing should be put until this is False again."""

    def close(self) -> None:
        """Returns when everything that was put is written; outcomes may still be on their way."""


class ThreadedCommitter:
    """Writes in a thread of its own: syncing a disk takes milliseconds, and the event loop must
    not wait for it.

    The thread is handed whole groups, one at a time. Fed request by request it would wake for
    each, sync for each, and wrestle with the event loop for the interpreter."""

    def __init__(
        self, write: Write, tell: Tell, loop: asyncio.AbstractEventLoop, patience: float
    ) -> None:
        """``patience``: seconds that a group may wait for the disk."""
        self._write = write
        self._tell = tell
        self._loop = loop
        self._patience = patience
        self._next: list[Entry] = []
        self._under_way: list[Entry] = []
        """What the thread has, unless those who waited were told that it hangs."""
        self._since = 0.0
        self._hangs = False
        self._busy = False
        self._groups: SimpleQueue[list[Entry] | None] = SimpleQueue()
        self._thread = VitalThread("journal", self._run)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._gather, 1, _ROUNDS)
        self._next.append(entry)

    def hangs(self) -> bool:
        if self._under_way and self._loop.time() - self._since > self._patience:
            self._hangs = True
            late, self._under_way, self._next = self._under_way + self._next, [], []
            self._tell(late, False)
        return self._hangs

    def close(self) -> None:
        if self._next:
            self._groups.put(self._next)
        self._groups.put(None)
        self._thread.join(self._patience)

    def _gather(self, had: int, rounds: int) -> None:
        """Hands over what is there once a round of the loop has brought nothing more."""
        if len(self._next) > had and rounds:
            self._loop.call_soon(self._gather, len(self._next), rounds - 1)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        group, self._next = self._next, []
        self._under_way, self._since = group, self._loop.time()
        self._groups.put(group)

    def _finished(self, group: list[Entry], durable: bool) -> None:
        if self._hangs:
            self._hangs = False
        else:
            # A sync costs the same for one request as for fifty: what the answers bring in, and
            # what came meanwhile, goes in the next group together.
            self._under_way = []
            self._tell(group, durable)
        if self._next:
            self._loop.call_soon(self._gather, len(self._next), _ROUNDS)
        else:
            self._busy = False

    def _run(self) -> None:
        while (group := self._groups.get()) is not None:
            if group:
                durable = self._attempt(group)
                with suppress(RuntimeError):  # the loop ended while the disk hung
                    self._loop.call_soon_threadsafe(self._finished, group, durable)

    def _attempt(self, group: list[Entry]) -> bool:
        try:
            return self._write(group)
        except Exception:
            # A fault of ours, or no memory: those who wait must be told, the next be written.
            with suppress(Exception):
                log.exception("journal_group_failed", requests=len(group))
            return False


class InlineCommitter:
    """Writes on the event loop, once for all requests of one of its rounds: handing them to the
    operating system is quicker than waking a thread."""

    def __init__(
        self, write: Write, tell: Tell, loop: asyncio.AbstractEventLoop, _patience: float
    ) -> None:
        self._write = write
        self._tell = tell
        self._loop = loop
        self._group: list[Entry] = []

    def put(self, entry: Entry) -> None:
        if not self._group:
            self._loop.call_soon(self._flush)
        self._group.append(entry)

    def hangs(self) -> bool:
        return False

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        if self._group:
            group, self._group = self._group, []
            self._tell(group, self._write(group))
