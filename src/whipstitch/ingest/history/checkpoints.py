"""How far each file was imported, so that an import that was ended goes on from there."""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from whipstitch.core.files import write_whole
from whipstitch.core.projects import IngestionKey

_SUFFIX: Final = ".json"


class Checkpoint(msgspec.Struct):
    """``records``: so many of the file are in the journal. ``done``: all are."""

    records: int = 0
    done: bool = False


class Checkpoints:
    """A small file for each file, format, project and environment, in ``directory``."""

    def __init__(self, directory: Path, format_: str, key: IngestionKey) -> None:
        self._directory = directory
        self._of = f"{format_}/{key.project.id}/{key.environment}"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read(self, fingerprint: str) -> Checkpoint:
        """A new one where there is none."""
        try:
            return msgspec.json.decode(self._path(fingerprint).read_bytes(), type=Checkpoint)
        except (OSError, msgspec.DecodeError):
            return Checkpoint()

    def write(self, fingerprint: str, checkpoint: Checkpoint) -> None:
        """Raises OSError."""
        if not fingerprint:
            return
        write_whole(self._path(fingerprint), [msgspec.json.encode(checkpoint)])

    def _path(self, fingerprint: str) -> Path:
        name = hashlib.blake2b(f"{self._of}/{fingerprint}".encode(), digest_size=16).hexdigest()
        return self._directory / f"{name}{_SUFFIX}"
