"""Writes that the disk did not take. Where it fills up in the middle of a statement the child goes
on as if nothing were: an insert of which nothing is on the disk succeeds, and a merge replaces good
parts by a cut one. It only counts what failed. So whoever writes is told here, before they act on
it, and the child is started again: it then finds what was cut, sets it aside, and has the parts
again that a merge replaced, which it keeps for eight minutes."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from whipstitch.core.errors import StorageUnavailable
from whipstitch.warehouse.local import small_files

log = structlog.get_logger(__name__)

_LEAST_ROOM: Final = 2**20
"""Bytes that must be free for a statement. ClickHouse asks for as much itself, but only for parts:
the definition of a table that finds no room is lost."""
_FAILED: Final = (
    "SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"
)
_PROBLEM: Final = (
    "The disk did not take what ClickHouse wrote: it is full, or damaged. ClickHouse is started "
    "again, without what was cut; nothing that was answered is lost."
)


class WriteGuard:
    """Of one child in ``directory``, whichever run of it. May be used from any thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._failed = threading.Event()
        self._keeping = threading.Lock()
        self._run = 0

    @contextmanager
    def writing(self, client: Client) -> Iterator["Writing"]:
        """Around statements that write.

        Raises:
            StorageUnavailable: what they wrote may not be on the disk, or the disk is full.
        """
        writing = Writing(self, client, self._run)
        try:
            yield writing
        finally:
            # Also where it failed: what cannot be read back looks as if the rows were at fault.
            if writing.unconfirmed:
                self.look(client)
        self.check_run(writing.run)

    def look(self, client: Client) -> None:
        """Raises StorageUnavailable where something that was written is not on the disk."""
        rows = client.query(_FAILED).result_rows
        if rows and int(rows[0][0]) and not self._failed.is_set():
            log.error("clickhouse_write_failed", problem=_PROBLEM)
            self._failed.set()
        self._check()

    def check_room(self) -> None:
        """Raises StorageUnavailable where a statement must not be begun."""
        self._check()
        if shutil.disk_usage(self._directory).free < _LEAST_ROOM:
            raise StorageUnavailable("ClickHouse's disk is full: free some space.")

    def check_run(self, run: int) -> None:
        """Raises StorageUnavailable where the child runs no more that ran then: what it counted
        went with it."""
        if self._run != run:
            raise StorageUnavailable("ClickHouse was started again meanwhile.")

    def keep_definitions(self) -> None:
        """To be called before a run of the child, and after each statement that defines something:
        so that the next run begins with what is defined now."""
        with self._keeping:
            small_files.keep(self._directory)

    @property
    def failed(self) -> bool:
        """Whether the child must be started again."""
        return self._failed.is_set()

    def begin(self) -> None:
        """To be called before another run of the child begins."""
        self._run += 1
        self._failed.clear()

    def _check(self) -> None:
        if self._failed.is_set():
            raise StorageUnavailable(_PROBLEM)


class Writing:
    """Statements of ``client``, of which ``run`` says during which run of the child they began.
    ``unconfirmed``: whether some wrote since it was last looked."""

    def __init__(self, guard: WriteGuard, client: Client, run: int) -> None:
        self.run = run
        self.unconfirmed = False
        self._guard = guard
        self._client = client

    def another(self) -> None:
        """Before a statement. Raises StorageUnavailable where there is no room for it."""
        self._guard.check_room()
        self.unconfirmed = True

    def confirm(self) -> None:
        """Raises StorageUnavailable if what was written until now may not be on the disk."""
        if self.unconfirmed:
            self._guard.look(self._client)
            self._guard.check_run(self.run)
            self.unconfirmed = False
