"""DB-IP's free databases of cities or countries, fetched from their publisher and put in place of
the last one.

The publisher signs nothing and shows a SHA-1 only on its web page. What is checked is therefore
the connection (TLS), the length, the checksum of the compression and, where the caller has one,
the SHA-1 or SHA-256 of the download; then the file must open and know a well-known address."""

import gzip
import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO, Literal

import httpx
import maxminddb

from whipstitch.core.files import sync_directory
from whipstitch.ingest.enrichment.geoip import Build, GeoIPError, open_database
from whipstitch.ingest.enrichment.places import place_of

ATTRIBUTION = "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0"
"""Of both. The licence asks for it wherever results are shown, on web pages as a link."""

Kind = Literal["city", "country"]
"""What of a place the database knows; ``country`` is far smaller."""

LARGEST = 2 * 1024**3
"""Bytes of a download, and of what it unpacks to. The free database has 0.13 GB unpacked."""

_WELL_KNOWN = ("8.8.8.8", "2001:4860:4860::8888")
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_DIGESTS = {40: "sha1", 64: "sha256"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was put in place: ``size`` is that of the download in bytes, the digests are of it."""

    url: str
    size: int
    sha1: str
    sha256: str
    build: Build


def addresses(today: date, kind: Kind = "city") -> tuple[str, str]:
    """Where this month's database is, and the last month's: it appears in the first days."""
    last_month = today.replace(day=1) - timedelta(days=1)
    this, last = (
        f"https://download.db-ip.com/free/dbip-{kind}-lite-{day:%Y-%m}.mmdb.gz"
        for day in (today, last_month)
    )
    return this, last


def fetch(
    urls: Sequence[str],
    target: Path,
    client: httpx.Client,
    progress: Callable[[int, int | None], None],
    *,
    checksum: str | None = None,
) -> Fetched:
    """Download the first of ``urls`` that is there (a database, bare or gzipped) and make it
    ``target`` in one step: readers see the old file or the new one, whole, whatever happens.

    ``checksum`` is the SHA-1 or SHA-256 that the download must have, in hexadecimal; ``progress``
    is told the bytes so far and, where known, of all. Raises GeoIPError, having changed nothing."""
    if checksum is not None and len(checksum) not in _DIGESTS:
        raise GeoIPError("The checksum must be a SHA-1 or SHA-256 in hexadecimal (40 or 64 digits)")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.parent), tempfile.TemporaryFile(dir=target.parent) as download:
            url = _download(urls, download, client, progress)
            size = download.tell()
            digests = {name: _digest(download, name) for name in _DIGESTS.values()}
            if checksum is not None and digests[_DIGESTS[len(checksum)]] != checksum.lower():
                raise GeoIPError(
                    f"{url} does not have the checksum {checksum}, but {digests}: it was "
                    "damaged on the way, or is another release than the one the checksum is of"
                )
            build = _install(download, target, url)
    except OSError as error:
        raise GeoIPError(f"{target.parent} cannot be written: {error.strerror}") from error
    return Fetched(url, size, digests["sha1"], digests["sha256"], build)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    with (directory / ".update.lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise GeoIPError("Another update is running") from error
        yield


def _download(
    urls: Sequence[str],
    into: IO[bytes],
    client: httpx.Client,
    progress: Callable[[int, int | None], None],
) -> str:
    for url in urls:
        try:
            # Any other encoding would be undone by some servers' idea of what .gz means.
            with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
                if response.status_code == httpx.codes.NOT_FOUND:
                    continue
                response.raise_for_status()
                length = response.headers.get("Content-Length", "")
                total = int(length) if length.isdecimal() else None
                for chunk in response.iter_raw(_CHUNK):
                    into.write(chunk)
                    if into.tell() > LARGEST:
                        raise GeoIPError(f"{url} is larger than {LARGEST} bytes")
                    progress(into.tell(), total)
                return url
        except httpx.HTTPStatusError as error:
            raise GeoIPError(f"{url} answered {error.response.status_code}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GeoIPError(f"{url} could not be downloaded: {error}") from error
    raise GeoIPError(f"There is nothing at {' or '.join(urls)}")


def _digest(file: IO[bytes], name: str) -> str:
    file.seek(0)
    # By name: SHA-1 is what the publisher shows, and no secret hangs on it.
    digest = hashlib.new(name, usedforsecurity=False)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _install(download: IO[bytes], target: Path, url: str) -> Build:
    """Unpack next to ``target``, check, and take its place. The name is always the same, so what a
    killed update leaves behind goes with the next one."""
    unpacked = target.with_name(f".{target.name}.new")
    try:
        with unpacked.open("wb") as file:
            _unpack(download, file, url)
            file.flush()
            os.fsync(file.fileno())
        build = _check(unpacked, url)
        unpacked.replace(target)
    finally:
        unpacked.unlink(missing_ok=True)
    sync_directory(target.parent)
    return build


def _unpack(download: IO[bytes], into: IO[bytes], url: str) -> None:
    download.seek(0)
    packed = download.read(len(_GZIP)) == _GZIP
    download.seek(0)
    if not packed:
        shutil.copyfileobj(download, into, _CHUNK)
        return
    try:
        with gzip.open(download) as archive:
            while chunk := archive.read(_CHUNK):
                into.write(chunk)
                if into.tell() > LARGEST:
                    raise GeoIPError(f"{url} unpacks to more than {LARGEST} bytes")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise GeoIPError(f"{url} was damaged on the way: {error}") from error


def _check(path: Path, url: str) -> Build:
    try:
        reader, build = open_database(path)
        with reader:
            known = any(_country(reader, ip) for ip in _WELL_KNOWN)
    except (GeoIPError, maxminddb.InvalidDatabaseError) as error:
        raise GeoIPError(f"{url} is no database in the MaxMind DB format") from error
    if not known:
        raise GeoIPError(f"{url} is no database of places: it knows no country of {_WELL_KNOWN[0]}")
    return build


def _country(reader: maxminddb.Reader, ip: str) -> str:
    try:
        return place_of(reader.get(ip)).country
    except ValueError:  # An IPv6 address in a database of IPv4 ones.
        return ""
