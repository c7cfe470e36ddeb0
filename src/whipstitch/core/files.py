"""Files that are there whole or not at all, after a loss of power, too."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

PART: Final = ".part"
"""The suffix of a file that is still being written."""


def sync_directory(directory: Path) -> None:
    """Makes the names in ``directory`` survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(target: Path, content: Iterable[bytes], mode: int = 0o666) -> None:
    """Puts all of ``content`` in the place of ``target``, or leaves that as it is. ``mode``: who
    may read and write it, as far as the process's mask lets them. Raises OSError."""
    part = target.with_suffix(PART)
    part.unlink(missing_ok=True)
    made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(made, "wb") as file:
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    sync_directory(target.parent)
