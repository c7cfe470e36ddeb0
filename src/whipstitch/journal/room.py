"""Whether the journal has room for more rows: on the disk, in the backlog, in the queue."""

import errno
import os
import time
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.25
"""Between two looks at the disk."""
_MOST_QUEUED_BYTES: Final = 64 * 1024 * 1024
_LAST_ROOM: Final = 64 * 1024


class Room:
    """Of the journal in ``directory``. ``limit``: bytes that may wait for the loader.
    ``reserve``: bytes of the disk that are left to ClickHouse, at most a tenth of the file system.

    Any thread may say why there is none (``refuse``); ``look`` finds out whether there is some
    again."""

    def __init__(self, directory: Path, limit: int, reserve: int) -> None:
        """Raises OSError."""
        self.problem: str | None = None
        """Why there is no room, for a person; None: there is."""
        self.headroom = 0
        """Bytes that may be queued without another look; whoever queues some takes them off."""
        disk = os.statvfs(directory)
        self.reserve = min(reserve, disk.f_blocks * disk.f_frsize // 10)
        self._directory = directory
        self._limit = limit
        # So near to the limit, hardly a request has room any more, whatever its size.
        self._last_room = min(_LAST_ROOM, limit // 10)
        self._looked_at = 0.0
        self._is_open = True

    def is_look_due(self) -> bool:
        return time.monotonic() - self._looked_at > LOOK_SECONDS

    def look(self, backlog: int) -> None:
        """Looks at the disk. ``backlog``: bytes that wait for the loader."""
        self._looked_at = time.monotonic()
        try:
            disk = os.statvfs(self._directory)
        except OSError as error:
            self.refuse(f"the journal's disk does not answer: {said(error)}")
            return
        free = disk.f_bavail * disk.f_frsize
        if free < self.reserve:
            self.refuse(
                f"the disk is nearly full ({free // 2**20} MiB free, {self.reserve // 2**20} MiB "
                "are kept for ClickHouse)"
            )
        elif backlog >= self._limit - self._last_room:
            self.refuse(f"the backlog limit of {self._limit} bytes is reached")
            self._is_open = True  # compared for each request
        elif self.problem is not None:
            log.info("journal_resumed", was=self.problem)
            self.problem = None
            self._is_open = True

    def refuse(self, problem: str) -> None:
        """There is none until a later look finds some."""
        if self.problem is None:
            log.error("journal_refuses", problem=problem)
        self.problem = problem
        self._is_open = False
        self.headroom = 0
        self._looked_at = time.monotonic()

    def has(self, size: int, backlog: int) -> bool:
        """Whether ``size`` more bytes may wait for the loader, by the last look."""
        return self._is_open and size <= self._limit - backlog

    def can_queue(self, size: int, backlog: int, queued: int) -> bool:
        """Whether ``size`` more bytes may be queued for the disk, where ``queued`` are."""
        if not self.has(size, backlog):
            return False
        self.headroom = min(self._limit - backlog, _MOST_QUEUED_BYTES - queued)
        # What is larger than the queue must pass when nothing else is queued.
        alone = size > _MOST_QUEUED_BYTES and not queued
        return alone or size <= self.headroom

    def left(self, backlog: int) -> int:
        """Bytes that may still wait for the loader. Raises OSError."""
        disk = os.statvfs(self._directory)
        free = disk.f_bavail * disk.f_frsize - self.reserve
        return max(0, min(free, self._limit - backlog))


def said(error: OSError) -> str:
    """For a person: why something could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full, or the quota used up: free some space"
    return error.strerror or str(error)
