"""Group commit: what arrives while one group is being written becomes the next group.

Both committers are fed from the event loop's thread and tell the outcome there."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple, Protocol

_MOST_BYTES = 16 * 1024 * 1024
"""A group is cut after this much, so that its first requests do not wait for all of a burst."""


class Entry(NamedTuple):
    """One request's rows. ``done`` is called once, on the event loop's thread: True, they are
    durable; False, they are not stored at all."""

    lines: bytes
    rows: int
    done: Callable[[bool], None]


Write = Callable[[list[Entry]], bool]
"""Makes a group durable, whole or not at all; tells which. Does not raise."""
Tell = Callable[[list[Entry], bool], None]
"""Gives a group its outcome, on the event loop's thread."""


class Committer(Protocol):
    def put(self, entry: Entry) -> None: ...
    def close(self) -> None:
        """Returns when everything that was put is written; outcomes may still be on their way."""


class ThreadedCommitter:
    """Writes in a thread of its own: syncing a disk takes milliseconds, and the event loop must
    not wait for it."""

    def __init__(self, write: Write, tell: Tell, loop: asyncio.AbstractEventLoop) -> None:
        self._write = write
        self._tell = tell
        self._loop = loop
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()
        self.put = self._queue.put

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        queue, get = self._queue, self._queue.get
        closing = False
        while not closing:
            group: list[Entry] = []
            size = 0
            entry = get()
            while entry is not None:
                group.append(entry)
                size += len(entry.lines)
                if size > _MOST_BYTES or queue.empty():
                    break
                entry = get()
            closing = entry is None
            if group:
                durable = self._write(group)
                self._loop.call_soon_threadsafe(self._tell, group, durable)


class InlineCommitter:
    """Writes on the event loop, once for all requests of one of its rounds: handing them to the
    operating system is quicker than waking a thread."""

    def __init__(self, write: Write, tell: Tell, loop: asyncio.AbstractEventLoop) -> None:
        self._write = write
        self._tell = tell
        self._loop = loop
        self._group: list[Entry] = []

    def put(self, entry: Entry) -> None:
        if not self._group:
            self._loop.call_soon(self._flush)
        self._group.append(entry)

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        if self._group:
            group, self._group = self._group, []
            self._tell(group, self._write(group))
