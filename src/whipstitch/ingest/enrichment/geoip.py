"""Places of addresses, from a city database in MaxMind's file format that may change on disk."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

import maxminddb

from whipstitch.core.addresses import is_private, parse_address
from whipstitch.core.errors import SettingsError, WhipstitchError
from whipstitch.ingest.enrichment.places import NOWHERE, Place, place_of

__all__ = ["Build", "GeoIP", "GeoIPError", "Place", "open_database"]

CACHED = 16_384


class GeoIPError(WhipstitchError):
    """A city database cannot be fetched or used."""


@dataclass(frozen=True, slots=True)
class Build:
    """Which database it is, by its own account."""

    database_type: str
    built: datetime


class _Loaded(NamedTuple):
    """One state of the file with the answers remembered from it, always swapped together."""

    look_up: Callable[[str], Place]
    build: Build | None


class GeoIP:
    """Looks addresses up in the database at ``path`` and remembers the latest answers.

    The file is read through a private copy that has no name, so that whatever happens to it
    (replaced, removed, overwritten in place while it is mapped into memory, which would kill the
    process) look-ups go on with the last good state. ``problem`` says what keeps the file at
    ``path`` from being used, and what to do; None while it is in use, or where there is no
    ``path``, in which case every place is blank.

    ``stand_in`` is the address that private ones are looked up as. Raises SettingsError when it
    is no address; a file that cannot be used is a problem, not an error."""

    def __init__(self, path: Path | None, stand_in: str) -> None:
        if parse_address(stand_in) is None:
            raise SettingsError(
                f"{stand_in!r}, which private addresses are to be looked up as, is no IP address"
            )
        self.problem: str | None = None
        self._path = path
        self._stand_in = stand_in
        self._loaded = _Loaded(lambda _: NOWHERE, None)
        self._seen: tuple[int, ...] | None = None
        self.reload_if_changed()

    @property
    def build(self) -> Build | None:
        """The database in use, None without one."""
        return self._loaded.build

    def look_up(self, ip: str) -> Place:
        """The place of an address, blank where the database knows none and where ``ip`` is no
        address."""
        return self._loaded.look_up(ip)

    def reload_if_changed(self) -> bool:
        """Take up a new state of the file; True when one was. Costs a ``stat`` when nothing
        changed, else tenths of a second: not for an event loop. For one thread at a time."""
        if self._path is None:
            return False
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen = None
            self._report("is not there")
            return False
        except OSError as error:
            self._seen = None
            self._report(f"cannot be read ({error.strerror})")
            return False
        # Taken before reading: a write that goes on meanwhile shows the next time.
        state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if state == self._seen:
            return False
        self._seen = state
        try:
            self._loaded = _load(self._path, self._stand_in)
        except GeoIPError as error:
            self._report(str(error))
            return False
        self.problem = None
        return True

    def _report(self, reason: str) -> None:
        consequence = (
            "city, region, country and time zone stay blank"
            if self.build is None
            else "the one read before stays in use"
        )
        self.problem = (
            f"the city database {self._path} {reason}; {consequence}. "
            "`whipstitch geoip update` fetches one."
        )


def open_database(path: Path) -> tuple[maxminddb.Reader, Build]:
    """Open a file that nobody will change. Raises GeoIPError when it is not a database."""
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MMAP_EXT)
        metadata = reader.metadata()
        return reader, Build(
            metadata.database_type, datetime.fromtimestamp(metadata.build_epoch, UTC)
        )
    except (maxminddb.InvalidDatabaseError, OSError, ValueError, OverflowError) as error:
        raise GeoIPError("is broken, incomplete or not in the MaxMind DB format") from error


def _load(path: Path, stand_in: str) -> _Loaded:
    with _private_copy(path) as copy:
        reader, build = open_database(Path(f"/dev/fd/{copy.fileno()}"))

    def find(ip: str) -> Place:
        address = parse_address(stand_in if is_private(ip) else ip)
        if address is None:
            return NOWHERE
        try:
            return place_of(reader.get(address))
        except (maxminddb.InvalidDatabaseError, ValueError):
            # A damaged record, or an IPv6 address in a database of IPv4 ones.
            return NOWHERE

    # Also loads what the first look-up needs, here and not on an event loop.
    find(stand_in)
    return _Loaded(lru_cache(maxsize=CACHED)(find), build)


def _private_copy(path: Path) -> IO[bytes]:
    """A copy without a name, gone when its last user is. Next to the file, which takes no memory
    and surely had room for it once, or where that cannot be, among temporary files."""
    try:
        return _copy(path, path.parent)
    except OSError:
        try:
            return _copy(path, None)
        except OSError as error:
            raise GeoIPError(f"cannot be read or copied ({error.strerror})") from error


def _copy(path: Path, directory: Path | None) -> IO[bytes]:
    with path.open("rb") as original, ExitStack() as on_error:
        copy = on_error.enter_context(tempfile.TemporaryFile(dir=directory))
        shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        on_error.pop_all()
        return copy
