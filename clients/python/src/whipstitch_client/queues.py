"""Where operations wait until the server has them."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol


class Waiting(NamedTuple):
    """An operation (JSON) and its place in the queue; places grow."""

    place: int
    operation: bytes


class QueueFailed(Exception):
    """The queue does not take or give operations."""


class Queue(Protocol):
    """First in, first out. May be used from any thread; each method may raise QueueFailed."""

    def put(self, operation: bytes) -> bool:
        """Whether there was room."""

    def first(self, most: int, most_bytes: int) -> list[Waiting]:
        """The oldest operations, one at least if there is any. They stay."""

    def remove(self, done: Sequence[Waiting]) -> None:
        """Takes out operations that ``first`` gave."""

    def last_place(self) -> int:
        """Of the newest operation."""

    def holds_up_to(self, place: int) -> bool:
        """Whether an operation with this place or an earlier one is still in it."""

    def __len__(self) -> int: ...

    def tidy(self) -> None:
        """Is called now and then by the thread that sends. Never raises."""

    def close(self) -> None:
        """Never raises."""


def within(waiting: Iterable[Waiting], most_bytes: int) -> list[Waiting]:
    """The first of ``waiting`` that together have at most so many bytes; one at least."""
    found: list[Waiting] = []
    size = 0
    for one in waiting:
        size += len(one.operation)
        if found and size > most_bytes:
            break
        found.append(one)
    return found


class MemoryQueue:
    """Ends with the process."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._last = 0

    def put(self, operation: bytes) -> bool:
        with self._lock:
            size = self._bytes + len(operation)
            if len(self._waiting) >= self._most or (self._waiting and size > self._most_bytes):
                return False
            self._last += 1
            self._bytes = size
            self._waiting.append(Waiting(self._last, operation))
            return True

    def first(self, most: int, most_bytes: int) -> list[Waiting]:
        with self._lock:
            return within(islice(self._waiting, most), most_bytes)

    def remove(self, done: Sequence[Waiting]) -> None:
        places = {one.place for one in done}
        with self._lock:
            kept = []
            while places and self._waiting:
                one = self._waiting.popleft()
                if one.place in places:
                    places.discard(one.place)
                    self._bytes -= len(one.operation)
                else:
                    kept.append(one)
            self._waiting.extendleft(reversed(kept))

    def last_place(self) -> int:
        return self._last

    def holds_up_to(self, place: int) -> bool:
        with self._lock:
            return bool(self._waiting) and self._waiting[0].place <= place

    def __len__(self) -> int:
        return len(self._waiting)

    def tidy(self) -> None:
        pass

    def close(self) -> None:
        pass
