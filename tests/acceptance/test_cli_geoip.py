import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.support.downloads import Downloads, Page, serving
from tests.support.mmdb import LONDON, MOUNTAIN_VIEW, SWITZERLAND, write_mmdb

from whipstitch.cli import places
from whipstitch.config.settings import Settings
from whipstitch.ingest.enrichment.dbip import addresses
from whipstitch.ingest.enrichment.geoip import GeoIP, Place

WHIPSTITCH = Path(sys.executable).with_name("whipstitch")
PATH = "/city.mmdb.gz"


@pytest.fixture
def downloads() -> Iterator[Downloads]:
    with serving() as downloads:
        yield downloads


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    return write_mmdb(tmp_path / "source.mmdb", {"8.8.8.0/24": MOUNTAIN_VIEW}).read_bytes()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def update(data_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WHIPSTITCH_") and not name.lower().endswith("_proxy")
    }
    return subprocess.run(
        [WHIPSTITCH, "geoip", "update", "--data-dir", data_dir, *arguments],
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_update_fetches_a_database_and_says_which(
    downloads: Downloads, database: bytes, data_dir: Path
) -> None:
    downloads.pages[PATH] = Page(gzip.compress(database))
    result = update(data_dir, "--url", downloads.url + PATH)
    assert result.returncode == 0
    assert "DBIP-City-Lite" in result.stdout
    assert "Events that were stored before keep blank places" in result.stdout
    assert result.stderr == ""
    assert (data_dir / "geoip" / "city.mmdb").read_bytes() == database


def test_update_prints_one_json_value(
    downloads: Downloads, database: bytes, data_dir: Path
) -> None:
    packed = gzip.compress(database)
    downloads.pages[PATH] = Page(packed)
    result = update(data_dir, "--json", "--url", downloads.url + PATH)
    assert result.returncode == 0
    shown = json.loads(result.stdout)
    assert shown["path"] == str(data_dir / "geoip" / "city.mmdb")
    assert shown["url"] == downloads.url + PATH
    assert shown["size"] == len(packed)
    assert shown["database_type"] == "DBIP-City-Lite"
    assert shown["attribution"] is None


def test_a_failed_update_exits_with_1_and_leaves_the_old_database(
    downloads: Downloads, data_dir: Path
) -> None:
    target = data_dir / "geoip" / "city.mmdb"
    target.parent.mkdir(parents=True)
    old = write_mmdb(target, {"8.8.8.0/24": LONDON}).read_bytes()
    downloads.pages[PATH] = Page(b"<html>Sorry</html>")
    result = update(data_dir, "--url", downloads.url + PATH)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "no database in the MaxMind DB format" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert target.read_bytes() == old


def test_a_failed_update_is_one_json_value_too(downloads: Downloads, data_dir: Path) -> None:
    result = update(data_dir, "--json", "--url", downloads.url + "/nothing-here")
    assert result.returncode == 1
    assert json.loads(result.stdout)["ok"] is False
    assert "nothing at" in json.loads(result.stdout)["error"]


def test_a_publisher_that_cannot_be_reached_is_said_plainly(data_dir: Path) -> None:
    with serving() as gone:
        proxy = gone.url
    # Nothing listens where this proxy should be: DB-IP is out of reach on every machine.
    result = update(data_dir, HTTPS_PROXY=proxy)
    assert result.returncode == 1
    assert "https://download.db-ip.com/free/dbip-city-lite-" in result.stderr
    assert "could not be downloaded" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_checksum_is_refused(downloads: Downloads, database: bytes, data_dir: Path) -> None:
    downloads.pages[PATH] = Page(gzip.compress(database))
    result = update(data_dir, "--url", downloads.url + PATH, "--checksum", "0" * 64)
    assert result.returncode == 1
    assert "does not have the checksum" in result.stderr
    assert not (data_dir / "geoip" / "city.mmdb").exists()


def test_update_notes_that_another_database_is_set(
    downloads: Downloads, database: bytes, data_dir: Path
) -> None:
    downloads.pages[PATH] = Page(gzip.compress(database))
    result = update(data_dir, "--url", downloads.url + PATH, WHIPSTITCH_GEOIP="/srv/other.mmdb")
    assert result.returncode == 0
    assert "/srv/other.mmdb" in result.stderr


def test_what_is_fetched_is_said_once(data_dir: Path) -> None:
    result = update(data_dir, "--country", "--url", "http://127.0.0.1:9/x")
    assert result.returncode == 1
    assert "--country and --url each say what to fetch" in result.stderr


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings.load(data_dir=data_dir)


@pytest.fixture
def countries(tmp_path: Path, downloads: Downloads) -> str:
    """Where a database of countries can be fetched."""
    database = write_mmdb(
        tmp_path / "countries.mmdb", {"8.8.8.0/24": SWITZERLAND}, database_type="DBIP-Country-Lite"
    )
    downloads.pages["/country.mmdb.gz"] = Page(gzip.compress(database.read_bytes()))
    return downloads.url + "/country.mmdb.gz"


def _answer(monkeypatch: pytest.MonkeyPatch, answer: str, *, is_terminal: bool = True) -> None:
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stdin", typed)


def test_a_first_start_fetches_countries_if_somebody_agrees(
    settings: Settings, countries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, "y\n")
    said = places.offer(settings, [countries])

    assert said is not None
    assert "DBIP-Country-Lite" in said
    assert "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0" in said
    geoip = GeoIP(places.path_in(settings), "8.8.8.8")
    assert geoip.look_up("8.8.8.8") == Place(country="CH")
    assert places.offer(settings, [countries]) is None


@pytest.mark.parametrize(("answer", "is_terminal"), [("\n", True), ("n\n", True), ("", False)])
def test_without_consent_nothing_is_fetched_and_it_is_said_how(
    settings: Settings,
    countries: str,
    downloads: Downloads,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    is_terminal: bool,
) -> None:
    _answer(monkeypatch, answer, is_terminal=is_terminal)
    said = places.offer(settings, [countries])

    assert said is not None
    assert "`whipstitch geoip update --country`" in said
    assert downloads.asked == []
    assert not places.path_in(settings).exists()


def test_a_first_start_goes_on_where_countries_cannot_be_fetched(
    settings: Settings, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, "y\n")

    said = places.offer(settings, [downloads.url + "/gone"])

    assert said is not None
    assert said.startswith("The country database was not fetched: There is nothing at")


def test_both_kinds_are_fetched_of_this_month_or_the_last() -> None:
    this, last = addresses(date(2026, 1, 3), "country")

    assert this == "https://download.db-ip.com/free/dbip-country-lite-2026-01.mmdb.gz"
    assert last == "https://download.db-ip.com/free/dbip-country-lite-2025-12.mmdb.gz"
