"""Work beside the server's own, turn after turn for as long as the process runs."""

import contextlib
import threading
from collections.abc import Callable

import structlog

from whipstitch.core.errors import WhipstitchError
from whipstitch.core.threads import VitalThread

log = structlog.get_logger(__name__)

_PAUSE_AFTER_ERROR = 1.0


def _nothing() -> None:
    pass


class BackgroundWorker:
    """A thread that takes turns. It outlives whatever goes wrong in one: what it is there for would
    else never be done."""

    def __init__(
        self,
        name: str,
        turn: Callable[[], None],
        pause: Callable[[], float | None],
        finish: Callable[[], None] = _nothing,
    ) -> None:
        """``pause`` gives the seconds from one turn to the next, None: until it is woken.
        ``finish`` is done after the last one. One that fails raises WhipstitchError or OSError."""
        self.problem: str | None = None
        """Why the last turn failed, for a person; None: it did not."""
        self.failures = 0
        """How many turns failed in a row."""
        self._name = name
        self._turn = turn
        self._pause = pause
        self._finish = finish
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = VitalThread(name, self._run)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Ends the pause, or has none follow this turn."""
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Ends after the turn at hand, if that does not take longer than ``seconds``. May be asked
        again."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def rest(self, seconds: float) -> bool:
        """For a turn that waits: whether it was to stop before that time was over."""
        return self._stop.wait(seconds)

    # Inside, on the thread

    def _run(self) -> None:
        while not self.stopping:
            self._attempt(self._turn)
            self._wake.wait(self._next_pause())
            self._wake.clear()
        self._attempt(self._finish)

    def _next_pause(self) -> float | None:
        try:
            return self._pause()
        except Exception as error:
            self._failed(f"The {self._name} met an error of its own: {error!r}")
            return _PAUSE_AFTER_ERROR

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (WhipstitchError, OSError) as error:
            self._failed(str(error))
        except Exception as error:
            with contextlib.suppress(Exception):  # where nobody reads the log any more
                log.exception("background_work_failed", work=self._name)
            self._failed(f"The {self._name} met an error of its own: {error!r}")
        else:
            self.failures = 0
            if self.problem is not None:
                with contextlib.suppress(Exception):
                    log.info("background_work_resumed", work=self._name, was=self.problem)
                self.problem = None

    def _failed(self, problem: str) -> None:
        self.failures += 1
        if self.problem is None:
            with contextlib.suppress(Exception):
                log.warning("background_work_waits", work=self._name, problem=problem)
        self.problem = problem
