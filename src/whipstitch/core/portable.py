"""What Linux has and other systems do in another way, or not at all.

Whipstitch is made for Linux. On macOS the same functions work with what there is."""

import contextlib
import fcntl
import os
import resource
from typing import Final

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
"""macOS: has the disk write its own cache, too, which ``fsync`` does not there."""
_FILE_LIMITS: Final = (65_536, 10_240)
"""Tried where a system has no limit but refuses to set none. macOS takes 10,240 at most."""


def _sync_whole(file: int) -> None:
    if _FULL_SYNC is not None:
        with contextlib.suppress(OSError):  # not every file system can
            fcntl.fcntl(file, _FULL_SYNC)
            return
    os.fsync(file)


sync_data: Final = getattr(os, "fdatasync", _sync_whole)
"""Returns once the file's contents are on the disk. Raises OSError."""


def raise_file_limit() -> int:
    """Raises the limit of open files as far as this process may; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, *_FILE_LIMITS):
        if _as_number(wanted) <= _as_number(soft):
            break
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return _as_number(wanted)
    return _as_number(soft)


def limit_memory(size: int) -> None:
    """Has the system refuse this process more bytes than that, where it can."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _as_number(limit: int) -> int:
    return 2**30 if limit == resource.RLIM_INFINITY else limit
