"""A queue that outlives the process."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time
from typing import Final

from whipstitch_client import slots
from whipstitch_client.queues import QueueFailed, Waiting, within

_BUSY_SECONDS: Final = 1.0
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS waiting "
    "(place INTEGER PRIMARY KEY AUTOINCREMENT, operation BLOB NOT NULL)"
)
# Places have no gaps but for what was refused in the middle of a batch: their distance is the
# length, about, without counting.
_PUT: Final = (
    "INSERT INTO waiting (operation) SELECT ? WHERE "
    "(SELECT coalesce(max(place) - min(place) + 1, 0) FROM waiting) < ?"
)


class FileQueue:
    """In an SQLite file: what was put in survives the end of the process, however it ends, and is
    sent by the next one. Each process has a file of its own, see ``slots``.

    When ``put`` returns, the operating system has the operation, and ``kill -9`` does not lose it.
    The disk is not waited for: a loss of power may lose the last moments."""

    def __init__(self, path: Path, most: int) -> None:
        """Raises:
        QueueFailed: no file can be opened there.
        """
        self._most = most
        self._first = path
        self._lock = threading.Lock()
        try:
            self._slot = slots.taken(path)
        except OSError as error:
            raise QueueFailed(f"The queue {path} cannot be opened: {error}") from error
        try:
            self._file = _opened_or_new(self._slot.path)
            # Its own connection writes the log back, so that `put` does not wait for the disk.
            self._tidier = _connected(self._slot.path)
        except (OSError, sqlite3.Error) as error:
            self._slot.release()
            raise QueueFailed(f"The queue {path} cannot be opened: {error}") from error

    def put(self, operation: bytes) -> bool:
        with self._statements() as file:
            return file.execute(_PUT, (operation, self._most)).rowcount > 0

    def first(self, most: int, most_bytes: int) -> list[Waiting]:
        with self._statements() as file:
            sql = "SELECT place, operation FROM waiting ORDER BY place LIMIT ?"
            return within((Waiting(*row) for row in file.execute(sql, (most,))), most_bytes)

    def remove(self, done: Sequence[Waiting]) -> None:
        marks = ", ".join("?" * len(done))
        sql = f"DELETE FROM waiting WHERE place IN ({marks})"  # noqa: S608 - marks only
        with self._statements() as file:
            file.execute(sql, [one.place for one in done])

    def last_place(self) -> int:
        with self._statements() as file:
            return int(file.execute("SELECT coalesce(max(place), 0) FROM waiting").fetchone()[0])

    def holds_up_to(self, place: int) -> bool:
        with self._statements() as file:
            sql = "SELECT 1 FROM waiting WHERE place <= ? LIMIT 1"
            return file.execute(sql, (place,)).fetchone() is not None

    def __len__(self) -> int:
        with self._statements() as file:
            return int(file.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def tidy(self) -> None:
        with suppress(sqlite3.Error):
            self._tidier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        with suppress(OSError):
            for slot in slots.abandoned(self._first):
                try:
                    self._take_over(slot.path)
                finally:
                    slot.release()

    def close(self) -> None:
        with self._lock, suppress(sqlite3.Error):
            self._tidier.close()
            self._file.close()
        self._slot.release()

    def _take_over(self, left: Path) -> None:
        """Moves what an ended process left. Killed in between, some is in both files: its repeats
        have the same ids, by which the server knows them."""
        with suppress(QueueFailed, OSError, sqlite3.Error):
            other = _opened_or_new(left)
            try:
                rows = other.execute("SELECT operation FROM waiting ORDER BY place")
                with self._statements() as file:
                    file.execute("BEGIN")
                    try:
                        file.executemany("INSERT INTO waiting (operation) VALUES (?)", rows)
                        file.execute("COMMIT")
                    except sqlite3.Error:
                        file.execute("ROLLBACK")
                        raise
            finally:
                other.close()
            for suffix in ("", "-wal", "-shm"):
                left.with_name(left.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _statements(self) -> Iterator[sqlite3.Connection]:
        """One thread at a time; SQLite's errors become ours."""
        with self._lock:
            try:
                yield self._file
            except sqlite3.Error as error:
                raise QueueFailed(f"The queue {self._slot.path} fails: {error}") from error


def _opened_or_new(path: Path) -> sqlite3.Connection:
    """Raises OSError, sqlite3.Error."""
    try:
        return _opened(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # It is damaged, or something else. It is kept beside, and a new one begun.
        path.rename(path.with_name(f"{path.name}.damaged-{int(time())}"))
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        return _opened(path)


def _opened(path: Path) -> sqlite3.Connection:
    file = _connected(path)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute(_SCHEMA)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _connected(path: Path) -> sqlite3.Connection:
    # Each statement is a transaction of its own.
    file = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute("PRAGMA wal_autocheckpoint = 0")
    return file
