"""The thread that empties the queues."""

import random
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, Protocol

from whipstitch_client.queues import Queue, QueueFailed, Waiting
from whipstitch_client.transport import Answer, Meaning

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
_LONGEST_ASKED: Final = 300.0
"""Seconds. A server that asks for more is asked again all the same."""
_PAUSE_OF_FLUSH: Final = 1.0
"""The longest while somebody waits in ``flush``, unless the server asked for more."""
_BATCH_BYTES: Final = 1024 * 1024

OnRefused = Callable[[str, Sequence[bytes]], None]
"""Is told what the server said and which operations are dropped."""


class SendsBatches(Protocol):
    """What the sender needs of ``Transport``."""

    def send(self, operations: Sequence[bytes]) -> Answer: ...


def pause(attempt: int, asked: float | None, chance: Callable[[], float]) -> float:
    """Seconds before the next attempt, after ``attempt`` (from 0) failed: twice as many each time,
    by chance up to half fewer, so that clients do not come back together. What the server asks for
    is the least."""
    grown = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempt, 16))
    jittered = grown * (1 - chance() / 2)
    return max(jittered, min(asked, _LONGEST_ASKED)) if asked is not None else jittered


class Sender:
    """Sends what is in ``queues``, from a thread of its own, once ``batch`` operations wait, once
    the oldest has waited ``interval`` seconds, or when it is told to. Operations leave their queue
    when the server has taken or refused them, not before."""

    def __init__(
        self,
        queues: Sequence[Queue],
        transport: SendsBatches,
        refused: OnRefused,
        *,
        batch: int,
        interval: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queues = queues
        self._transport = transport
        self._refused = refused
        self._batch = batch
        self._interval = interval
        self._chance = chance
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._new = 0
        self._flushing = 0
        self._stopped = False
        self.trouble = ""
        """Why the latest batch was not taken; blank where it was."""

    def wake(self) -> None:
        """An operation was put in."""
        with self._changed:
            self._start()
            self._new += 1
            if self._new >= self._batch:
                self._changed.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Waits until all that is in the queues now has been taken or refused; whether it was
        within ``timeout`` seconds."""
        give_up = None if timeout is None else monotonic() + timeout
        marks = [(queue, _last_place(queue)) for queue in self._queues]
        with self._changed:
            self._flushing += 1
            try:
                while any(_holds(queue, place) for queue, place in marks):
                    left = None if give_up is None else give_up - monotonic()
                    if self._stopped or (left is not None and left <= 0):
                        return False
                    self._start()
                    self._changed.notify_all()
                    self._changed.wait(left)
                return True
            finally:
                self._flushing -= 1

    def stop(self, timeout: float | None) -> None:
        """Ends the thread, after the request that is under way, if that takes no longer than
        ``timeout`` seconds."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    # Inside

    def _start(self) -> None:
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._run, name="whipstitch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._wait():
            for queue in self._queues:
                self._empty(queue)
                queue.tidy()

    def _wait(self) -> bool:
        """Until there may be something to send; False: the sender is stopped."""
        with self._changed:
            self._changed.notify_all()  # whoever flushes looks whether all is gone
            self._changed.wait_for(
                lambda: self._stopped or self._flushing or self._new >= self._batch, self._interval
            )
            self._new = 0
            return not self._stopped

    def _empty(self, queue: Queue) -> None:
        attempt = 0
        while not self._stopped:
            try:
                waiting = queue.first(self._batch, _BATCH_BYTES)
                if not waiting:
                    return
                answer = self._deliver(queue, waiting)
            except QueueFailed as error:
                self.trouble = str(error)
                return  # the next turn tries again
            if answer is None:
                attempt = 0
                self.trouble = ""
                continue
            self.trouble = answer.said
            if not self._rest(pause(attempt, answer.wait, self._chance), answer.wait):
                return
            attempt += 1

    def _deliver(self, queue: Queue, waiting: list[Waiting]) -> Answer | None:
        """Sends a batch; one that is refused is sent in halves, until what is refused stands alone.
        Returns the answer that says to come again later, if one did."""
        parts = [waiting]
        while parts:
            part = parts.pop()
            operations = [one.operation for one in part]
            answer = self._transport.send(operations)
            if answer.meaning is Meaning.LATER:
                return answer
            if answer.meaning is Meaning.BODY_REFUSED and len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            queue.remove(part)
            if answer.meaning is not Meaning.TAKEN:
                self._refused(answer.said, operations)
            with self._changed:
                self._changed.notify_all()
        return None

    def _rest(self, seconds: float, asked: float | None) -> bool:
        """Waits before the next attempt; False: stopped."""
        began = monotonic()
        with self._changed:
            while not self._stopped:
                hurried = self._flushing and asked is None
                longest = min(seconds, _PAUSE_OF_FLUSH) if hurried else seconds
                left = began + longest - monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return not self._stopped


def _last_place(queue: Queue) -> int:
    try:
        return queue.last_place()
    except QueueFailed:
        return 0


def _holds(queue: Queue, place: int) -> bool:
    try:
        return queue.holds_up_to(place)
    except QueueFailed:
        return False
