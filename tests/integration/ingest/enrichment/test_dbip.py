import gzip
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from tests.support.downloads import Downloads, Page, serving
from tests.support.mmdb import LONDON, MOUNTAIN_VIEW, write_mmdb

from whipstitch.ingest.enrichment import dbip
from whipstitch.ingest.enrichment.dbip import Fetched, fetch
from whipstitch.ingest.enrichment.geoip import GeoIP, GeoIPError

PATH = "/free/city.mmdb.gz"


@pytest.fixture
def downloads() -> Iterator[Downloads]:
    with serving() as downloads:
        yield downloads


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    return write_mmdb(tmp_path / "source.mmdb", {"8.8.8.0/24": MOUNTAIN_VIEW}).read_bytes()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "data" / "geoip" / "city.mmdb"


def get(
    urls: list[str], target: Path, *, checksum: str | None = None, steps: list[object] | None = None
) -> Fetched:
    def progress(done: int, total: int | None) -> None:
        if steps is not None:
            steps.append((done, total))

    with httpx.Client(trust_env=False, timeout=60) as client:
        return fetch(urls, target, client, progress, checksum=checksum)


def left_behind(target: Path) -> set[str]:
    return {entry.name for entry in target.parent.iterdir()} - {".update.lock"}


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 11, 21), ("2026-11", "2026-10")),
        (date(2026, 3, 31), ("2026-03", "2026-02")),
        (date(2026, 1, 1), ("2026-01", "2025-12")),
    ],
)
def test_this_months_database_is_asked_for_first(today: date, months: tuple[str, str]) -> None:
    first, second = dbip.addresses(today)
    assert first == f"https://download.db-ip.com/free/dbip-city-lite-{months[0]}.mmdb.gz"
    assert second == f"https://download.db-ip.com/free/dbip-city-lite-{months[1]}.mmdb.gz"


def test_a_database_is_fetched_and_unpacked(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    packed = gzip.compress(database)
    downloads.pages[PATH] = Page(packed)
    steps: list[object] = []
    fetched = get([downloads.url + PATH], target, steps=steps)
    assert target.read_bytes() == database
    assert target.stat().st_mode & 0o444 == 0o444
    assert left_behind(target) == {"city.mmdb"}
    assert fetched.url == downloads.url + PATH
    assert fetched.size == len(packed)
    assert fetched.sha1 == hashlib.sha1(packed, usedforsecurity=False).hexdigest()
    assert fetched.sha256 == hashlib.sha256(packed).hexdigest()
    assert fetched.build.database_type == "DBIP-City-Lite"
    assert steps[-1] == (len(packed), len(packed))
    assert GeoIP(target, "8.8.8.8").look_up("8.8.8.8").country == "US"


def test_a_database_that_is_not_packed_is_taken_as_it_is(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    downloads.pages["/city.mmdb"] = Page(database)
    get([downloads.url + "/city.mmdb"], target)
    assert target.read_bytes() == database


def test_the_last_months_is_taken_where_this_months_is_not_there_yet(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    downloads.pages["/last"] = Page(gzip.compress(database))
    assert get([downloads.url + "/this", downloads.url + "/last"], target).url.endswith("/last")
    assert downloads.asked == ["/this", "/last"]


def test_a_running_server_sees_the_new_database(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    target.parent.mkdir(parents=True)
    write_mmdb(target, {"8.8.8.0/24": LONDON})
    geoip = GeoIP(target, "8.8.8.8")
    assert geoip.look_up("8.8.8.8").country == "GB"
    downloads.pages[PATH] = Page(gzip.compress(database))
    get([downloads.url + PATH], target)
    assert geoip.reload_if_changed()
    assert geoip.look_up("8.8.8.8").country == "US"


def test_the_users_checksum_is_held_against_the_download(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    packed = gzip.compress(database)
    downloads.pages[PATH] = Page(packed)
    sha1 = hashlib.sha1(packed, usedforsecurity=False).hexdigest()
    for checksum in (sha1, sha1.upper(), hashlib.sha256(packed).hexdigest()):
        target.unlink(missing_ok=True)
        get([downloads.url + PATH], target, checksum=checksum)
        assert target.exists()


def _flipped(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 0xFF]) + data[index + 1 :]


class TestWhatIsRefused:
    """Each leaves the file of before and nothing else."""

    @pytest.fixture
    def old(self, target: Path) -> Iterator[bytes]:
        target.parent.mkdir(parents=True)
        old = write_mmdb(target, {"8.8.8.0/24": LONDON}).read_bytes()
        yield old
        assert target.read_bytes() == old
        assert left_behind(target) == {"city.mmdb"}

    @pytest.mark.usefixtures("old")
    def test_a_download_with_another_checksum(
        self, downloads: Downloads, database: bytes, target: Path
    ) -> None:
        downloads.pages[PATH] = Page(gzip.compress(database))
        with pytest.raises(GeoIPError, match="does not have the checksum"):
            get([downloads.url + PATH], target, checksum="0" * 40)

    @pytest.mark.usefixtures("old")
    def test_a_checksum_that_is_none(self, target: Path) -> None:
        with pytest.raises(GeoIPError, match="40 or 64 digits"):
            get(["http://127.0.0.1/"], target, checksum="abc")

    @pytest.mark.usefixtures("old")
    def test_a_download_that_breaks_off(
        self, downloads: Downloads, database: bytes, target: Path
    ) -> None:
        packed = gzip.compress(database)
        downloads.pages[PATH] = Page(packed[:-20], length=len(packed))
        with pytest.raises(GeoIPError, match="could not be downloaded"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    @pytest.mark.parametrize("where", ["cut", "middle", "checksum"])
    def test_a_damaged_archive(
        self, downloads: Downloads, database: bytes, target: Path, where: str
    ) -> None:
        packed = gzip.compress(database)
        downloads.pages[PATH] = Page(
            {
                "cut": packed[:-20],
                "middle": _flipped(packed, len(packed) // 2),
                "checksum": _flipped(packed, len(packed) - 8),
            }[where]
        )
        with pytest.raises(GeoIPError, match="damaged on the way"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    @pytest.mark.parametrize(
        "body", [b"", b"<html>Sorry</html>", gzip.compress(b"nonsense", mtime=0)]
    )
    def test_a_file_that_is_no_database(
        self, downloads: Downloads, target: Path, body: bytes
    ) -> None:
        downloads.pages[PATH] = Page(body)
        with pytest.raises(GeoIPError, match="no database in the MaxMind DB format"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    def test_a_database_without_cities(
        self, downloads: Downloads, target: Path, tmp_path: Path
    ) -> None:
        asn = write_mmdb(tmp_path / "asn.mmdb", {"8.8.8.0/24": {"autonomous_system_number": 15169}})
        downloads.pages[PATH] = Page(asn.read_bytes())
        with pytest.raises(GeoIPError, match="no database of places"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    def test_an_archive_that_unpacks_to_more_than_the_limit(
        self,
        downloads: Downloads,
        database: bytes,
        target: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(dbip, "LARGEST", 100_000)
        downloads.pages[PATH] = Page(gzip.compress(database + b"\0" * 5_000_000))
        with pytest.raises(GeoIPError, match="unpacks to more than 100000 bytes"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    def test_a_download_larger_than_the_limit(
        self, downloads: Downloads, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dbip, "LARGEST", 100_000)
        downloads.pages[PATH] = Page(b"\0" * 5_000_000)
        with pytest.raises(GeoIPError, match="larger than 100000 bytes"):
            get([downloads.url + PATH], target)

    @pytest.mark.usefixtures("old")
    def test_a_server_that_has_nothing(self, downloads: Downloads, target: Path) -> None:
        with pytest.raises(GeoIPError, match=r"nothing at .*/this or .*/last"):
            get([downloads.url + "/this", downloads.url + "/last"], target)

    @pytest.mark.usefixtures("old")
    def test_a_server_in_trouble(self, downloads: Downloads, target: Path) -> None:
        downloads.pages["/this"] = Page(b"", status=503)
        with pytest.raises(GeoIPError, match="answered 503"):
            get([downloads.url + "/this", downloads.url + "/last"], target)
        assert downloads.asked == ["/this"]

    @pytest.mark.usefixtures("old")
    def test_a_server_that_does_not_listen(self, target: Path) -> None:
        with serving() as gone:
            url = gone.url
        with pytest.raises(GeoIPError, match="could not be downloaded"):
            get([url + PATH], target)

    @pytest.mark.usefixtures("old")
    @pytest.mark.parametrize("url", ["city.mmdb", "ftp://example.com/city.mmdb", "http://[::bad"])
    def test_an_address_that_is_none(self, target: Path, url: str) -> None:
        with pytest.raises(GeoIPError, match="could not be downloaded"):
            get([url], target)

    @pytest.mark.usefixtures("old")
    def test_a_second_update_at_the_same_time(self, downloads: Downloads, target: Path) -> None:
        other = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import fcntl, sys\n"
                "lock = open(sys.argv[1], 'w')\n"
                "fcntl.flock(lock, fcntl.LOCK_EX)\n"
                "print('locked', flush=True)\n"
                "sys.stdin.read()\n",
                str(target.parent / ".update.lock"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            with pytest.raises(GeoIPError, match="Another update is running"):
                get([downloads.url + PATH], target)
        assert downloads.asked == []


def test_what_a_killed_update_left_goes_with_the_next(
    downloads: Downloads, database: bytes, target: Path
) -> None:
    target.parent.mkdir(parents=True)
    (target.parent / ".city.mmdb.new").write_bytes(b"half" * 100_000)
    downloads.pages[PATH] = Page(gzip.compress(database))
    get([downloads.url + PATH], target)
    assert target.read_bytes() == database
    assert left_behind(target) == {"city.mmdb"}


def test_a_directory_that_cannot_be_made_is_named(target: Path) -> None:
    target.parent.parent.write_text("a file where a directory should be")
    with pytest.raises(GeoIPError, match="cannot be written"):
        get(["http://127.0.0.1/"], target)
