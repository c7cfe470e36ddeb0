"""Which file of a persistent queue belongs to which process.

A queue at ``events.db`` has the slots ``events.db``, ``events.db-2``, ``events.db-3`` … Each
process (a worker of gunicorn, say) takes the first slot that no living process has, with what an
ended one left in it. A slot is had by whoever holds the lock on the file ``….lock`` beside it,
which the operating system releases when the process ends, however it ends."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_MOST: Final = 1000
_LOCK: Final = ".lock"

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        # Not flock: that would be inherited by a forked child, and last as long as the child.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_held: set[Path] = set()
"""By this process: the operating system tells processes apart, not clients."""


class Slot:
    """A file that only this process uses, until ``release``."""

    def __init__(self, path: Path) -> None:
        """Raises:
        OSError: another process has it, or the folder is not writable.
        """
        self.path = path
        if path in _held:
            raise BlockingIOError(f"{path} is in use by this process")
        self._file = os.open(f"{path}{_LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._file)
        except OSError:
            os.close(self._file)
            raise
        _held.add(path)

    def release(self) -> None:
        if self.path in _held:
            _held.discard(self.path)
            os.close(self._file)


def _paths(first: Path) -> Iterator[Path]:
    yield first
    for number in range(2, _MOST + 1):
        yield first.with_name(f"{first.name}-{number}")


def taken(first: Path) -> Slot:
    """The first free slot. Raises OSError."""
    first = first.absolute()
    first.parent.mkdir(parents=True, exist_ok=True)
    for path in _paths(first):
        try:
            return Slot(path)
        except (BlockingIOError, PermissionError):
            if not os.access(first.parent, os.W_OK):
                raise
    raise OSError(f"{_MOST} processes use the queue {first}")


def abandoned(first: Path) -> Iterator[Slot]:
    """Slots whose files are there though no living process has them. Whoever asks releases them."""
    for path in _paths(first.absolute()):
        if not path.exists():
            if path != first.absolute():
                return
            continue
        try:
            slot = Slot(path)
        except OSError:
            continue
        yield slot


def _forget() -> None:
    """In a forked child: the parent has its slots still, the child none."""
    _held.clear()


if hasattr(os, "register_at_fork"):
    register: Callable[..., None] = os.register_at_fork
    register(after_in_child=_forget)
