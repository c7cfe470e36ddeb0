"""One server a data directory."""

import fcntl
import os
from pathlib import Path
from typing import Self

from whipstitch.core.errors import SettingsError

_NAME = "server.lock"


class DataDirLock:
    """Held as long as the process lives; the operating system lets go of it, however that ends."""

    def __init__(self, data_dir: Path) -> None:
        """Makes the data directory where there is none, and takes its lock.

        Raises:
            SettingsError: the directory cannot be used, or another server uses it.
        """
        path = data_dir / _NAME
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(
                f"The data directory {data_dir} cannot be used: {error.strerror}. "
                "Name another with --data-dir."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise SettingsError(
                f"Another whipstitch server uses {data_dir}. Stop it, or name another directory "
                "with --data-dir."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def is_locked(data_dir: Path) -> bool:
    """Whether a server runs on ``data_dir``."""
    try:
        file = os.open(data_dir / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
