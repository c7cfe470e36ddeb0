"""Imported rows on their way into the journal of a server that may run or not.

They are put together as segments beside the journal, then moved into it: a running server loads
them within seconds, another one when it starts, as it does dead letters that are replayed."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from whipstitch.core.errors import HistoryError
from whipstitch.core.files import sync_directory
from whipstitch.ingest.validation.rows import Row, encode_lines
from whipstitch.journal.groups import closing_line
from whipstitch.journal.segments import SEALED, new_stem

_MOST_ROWS: Final = 20_000
_MOST_BYTES: Final = 16 * 1024 * 1024
_ENCODED_AT_ONCE: Final = 100
_ENCODED_BYTES: Final = 1024 * 1024
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 60.0


class JournalWriter:
    """``limit``: bytes that may wait in the journal; ``reserve``: bytes of the disk that stay
    free."""

    def __init__(
        self,
        journal: Path,
        scratch: Path,
        *,
        limit: int,
        reserve: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._journal = journal
        self._scratch = scratch
        self._limit = limit
        self._reserve = reserve
        self._sleep = sleep
        self._pending: list[Row] = []
        self._pending_bytes = 0
        self._groups: list[bytes] = []
        self._rows = self._bytes = 0
        journal.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, rows: list[Row], size: int) -> None:
        """``size``: bytes that they had in their file, about as many as they have here."""
        self._pending += rows
        self._pending_bytes += size
        if len(self._pending) >= _ENCODED_AT_ONCE or self._pending_bytes >= _ENCODED_BYTES:
            self._encode()

    def _encode(self) -> None:
        lines = encode_lines(self._pending)
        self._groups.append(lines)
        self._rows += len(self._pending)
        self._bytes += len(lines)
        self._pending.clear()
        self._pending_bytes = 0

    @property
    def is_full(self) -> bool:
        return self._rows >= _MOST_ROWS or self._bytes >= _MOST_BYTES

    def seal(self) -> None:
        """Hands what was put in to the loader; it is on the disk on return.

        Raises:
            HistoryError: there is no room, and nobody loads what waits.
            OSError
        """
        self._encode()
        if not self._rows:
            return
        self._wait_for_room()
        end = closing_line(self._groups, self._rows)
        stem = new_stem(time.time_ns() // 1000)
        part = self._scratch / f"{stem}.part"
        with part.open("xb") as file:
            file.writelines(self._groups)
            file.write(end)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._journal / f"{stem}-{self._bytes + len(end)}{SEALED}")
        sync_directory(self._journal)
        self._groups, self._rows, self._bytes = [], 0, 0

    def _wait_for_room(self) -> None:
        least, patient_until = None, time.monotonic() + _PATIENCE_SECONDS
        while (waiting := self._waiting()) > self._limit or self._free() < self._reserve:
            if least is None or waiting < least:
                least, patient_until = waiting, time.monotonic() + _PATIENCE_SECONDS
            if time.monotonic() > patient_until:
                raise HistoryError(
                    f"The journal has {waiting // 2**20} MiB that no server loads, or the disk is "
                    "full. Start the server (`whipstitch serve`), then run the import again: it "
                    "goes on where it stopped."
                )
            self._sleep(_LOOK_SECONDS)

    def _waiting(self) -> int:
        size = 0
        with os.scandir(self._journal) as entries:
            for entry in entries:
                try:
                    size += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue  # loaded meanwhile
        return size

    def _free(self) -> int:
        disk = os.statvfs(self._journal)
        return disk.f_bavail * disk.f_frsize
