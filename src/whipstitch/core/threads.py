"""Threads that have to live as long as the process: one that ends by an error is not missed in
silence."""

import contextlib
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_lost: list[str] = []


class VitalThread(threading.Thread):
    """A daemon (it must not keep the process from ending, whatever it is waiting for) that does
    ``work`` until that returns. What ``work`` raises makes the process end: see ``lost``."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work

    def run(self) -> None:
        try:
            self._work()
        except BaseException:
            _lost.append(self.name)
            with contextlib.suppress(Exception):
                log.exception("thread_ended", thread=self.name)


def lost() -> list[str]:
    """The names of the threads that ended by an error."""
    return list(_lost)


def forget_lost() -> None:
    """For tests, which make threads end."""
    _lost.clear()
