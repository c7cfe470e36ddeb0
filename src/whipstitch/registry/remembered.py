"""The directory as a server last read it, in a file: with that the next start takes events in
before the registry is opened, which takes as long as all else that it needs.

It counts only while the registry has not changed since. Of SQLite the standard library can tell;
a registry in PostgreSQL is opened first. Where a start without this is quick enough, the module
goes."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from whipstitch.core.projects import IngestionKey, ProjectSnapshot, ScreenName, SqlUser

_SQLITE: Final = "sqlite:///"
_REVISION: Final = "SELECT number FROM revision"
_FORM: Final = 3
"""Of the file; another number, and it is passed over."""


class _Remembered(msgspec.Struct):
    form: int
    url: str
    revision: int
    keys: list[IngestionKey]
    screens: list[tuple[ScreenName, str | None]]
    sql_users: list[SqlUser]


_decoder = msgspec.json.Decoder(_Remembered)


def remember(file: Path, url: str, revision: int, directory: ProjectSnapshot) -> None:
    """Keeps the directory of that revision of the registry at ``url``; only the file's owner may
    read it. Where there is no room for it, the next start is slower."""
    remembered = _Remembered(
        _FORM,
        url,
        revision,
        list(directory.keys.values()),
        list(directory.screens.items()),
        list(directory.sql_users),
    )
    part = file.with_suffix(".part")
    with suppress(OSError):
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as whole:
            whole.write(msgspec.json.encode(remembered))
        part.rename(file)


def recall(file: Path, url: str) -> tuple[int, ProjectSnapshot] | None:
    """Its revision, and the directory of the registry at ``url`` as it is now; None: the registry
    has to be asked."""
    try:
        remembered = _decoder.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    known = (remembered.form, remembered.url, remembered.revision)
    if known != (_FORM, url, _revision(url)):
        return None
    directory = ProjectSnapshot(
        {key.key: key for key in remembered.keys},
        dict(remembered.screens),
        tuple(remembered.sql_users),
    )
    return remembered.revision, directory


def had_keys(file: Path) -> bool:
    """Whether there was a key when a directory was last kept, of whichever registry."""
    try:
        return bool(_decoder.decode(file.read_bytes()).keys)
    except (OSError, msgspec.DecodeError):
        return False


def _revision(url: str) -> int | None:
    path = Path(unquote(url.removeprefix(_SQLITE)))
    if not url.startswith(_SQLITE) or not path.is_file():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as connection:
        for (number,) in connection.execute(_REVISION):
            return int(number)
    return None
