import gc
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.mmdb import LONDON, MOUNTAIN_VIEW, SYDNEY, write_mmdb

from whipstitch.core.errors import SettingsError
from whipstitch.ingest.enrichment.geoip import GeoIP, Place

NOWHERE = Place()
IN_MOUNTAIN_VIEW = Place("Mountain View", "California", "US", "America/Los_Angeles")
IN_LONDON = Place("London", "England", "GB", "Europe/London")
IN_SYDNEY = Place("Sydney", "New South Wales", "AU", "Australia/Sydney")

RECORDS = {
    "8.8.8.0/24": MOUNTAIN_VIEW,
    "81.2.69.0/24": LONDON,
    "1.1.1.0/24": SYDNEY,
    "2a02:2e0::/32": LONDON,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "city.mmdb", RECORDS)


@pytest.fixture
def geoip(path: Path) -> GeoIP:
    return GeoIP(path, stand_in="8.8.8.8")


def replace(path: Path, records: dict[str, object]) -> None:
    """As an updater should: the new file takes the old one's name."""
    write_mmdb(path.with_name("new.mmdb"), records).replace(path)


def test_addresses_are_looked_up_in_every_layout(geoip: GeoIP) -> None:
    assert geoip.look_up("8.8.8.8") == IN_MOUNTAIN_VIEW
    assert geoip.look_up("81.2.69.142") == IN_LONDON
    assert geoip.look_up("1.1.1.1") == IN_SYDNEY
    assert geoip.look_up("2a02:2e0:3fe::1") == IN_LONDON
    assert geoip.look_up("::ffff:81.2.69.142") == IN_LONDON
    assert geoip.problem is None


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.1.2.3", "172.31.0.1", "::1", "fd00::1"])
def test_private_addresses_are_looked_up_as_the_stand_in(path: Path, ip: str) -> None:
    assert GeoIP(path, stand_in="8.8.8.8").look_up(ip) == IN_MOUNTAIN_VIEW
    assert GeoIP(path, stand_in="81.2.69.142").look_up(ip) == IN_LONDON


@pytest.mark.parametrize("ip", ["9.9.9.9", "169.254.1.1", "2001:db8::1", "", "unix:", "1" * 500])
def test_what_the_database_does_not_know_is_blank(geoip: GeoIP, ip: str) -> None:
    assert geoip.look_up(ip) == NOWHERE


def test_a_database_of_ipv4_addresses_knows_no_others(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "city.mmdb", {"81.2.69.0/24": LONDON}, ip_version=4)
    geoip = GeoIP(path, stand_in="81.2.69.142")
    assert geoip.look_up("::ffff:81.2.69.142") == IN_LONDON
    assert geoip.look_up("2a02:2e0:3fe::1") == NOWHERE


def test_the_build_says_which_database_it_is(geoip: GeoIP) -> None:
    assert geoip.build is not None
    assert geoip.build.database_type == "DBIP-City-Lite"
    assert abs(datetime.now(UTC) - geoip.build.built) < timedelta(hours=1)


def test_without_a_path_everything_is_blank_and_nothing_is_wrong() -> None:
    geoip = GeoIP(None, stand_in="8.8.8.8")
    assert not geoip.reload_if_changed()
    assert geoip.look_up("8.8.8.8") == NOWHERE
    assert geoip.build is None
    assert geoip.problem is None


def test_without_a_file_everything_is_blank_until_one_is_there(tmp_path: Path) -> None:
    path = tmp_path / "geoip" / "city.mmdb"
    geoip = GeoIP(path, stand_in="8.8.8.8")
    assert geoip.look_up("8.8.8.8") == NOWHERE
    assert geoip.problem is not None
    assert f"{path} is not there" in geoip.problem
    assert "whipstitch geoip update" in geoip.problem

    path.parent.mkdir()
    write_mmdb(path, RECORDS)
    assert geoip.reload_if_changed()
    assert geoip.look_up("8.8.8.8") == IN_MOUNTAIN_VIEW
    assert geoip.problem is None


def test_a_stand_in_that_is_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        GeoIP(None, stand_in="nowhere")


def test_an_unchanged_file_is_not_read_again(geoip: GeoIP) -> None:
    before = geoip.build
    assert not geoip.reload_if_changed()
    assert geoip.build is before


def test_a_replaced_file_is_taken_up_and_its_answers_with_it(geoip: GeoIP, path: Path) -> None:
    assert geoip.look_up("8.8.8.8") == IN_MOUNTAIN_VIEW
    replace(path, {"8.8.8.0/24": SYDNEY})
    assert geoip.look_up("8.8.8.8") == IN_MOUNTAIN_VIEW
    assert geoip.reload_if_changed()
    assert geoip.look_up("8.8.8.8") == IN_SYDNEY
    assert geoip.look_up("81.2.69.142") == NOWHERE


def test_a_half_written_file_leaves_the_old_one_in_use(geoip: GeoIP, path: Path) -> None:
    whole = path.read_bytes()
    # In place: the file that is in use shrinks, which must not pull the ground from under it.
    for size in (len(whole) - 1, len(whole) // 2, 1, 0):
        path.write_bytes(whole[:size])
        assert not geoip.reload_if_changed()
        assert geoip.problem is not None
        assert "stays in use" in geoip.problem
        assert geoip.look_up("81.2.69.142") == IN_LONDON
        assert geoip.look_up(f"81.2.69.{size % 100}") == IN_LONDON

    path.write_bytes(whole)
    assert geoip.reload_if_changed()
    assert geoip.problem is None


def test_a_broken_file_is_reported_once_it_is_there_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "city.mmdb"
    path.write_text("<html>Please accept our terms</html>")
    geoip = GeoIP(path, stand_in="8.8.8.8")
    assert geoip.look_up("8.8.8.8") == NOWHERE
    assert geoip.problem is not None
    assert "stay blank" in geoip.problem


def test_a_damaged_record_is_blank(path: Path) -> None:
    whole = path.read_bytes()
    start = whole.index(b"London")
    path.write_bytes(whole[:start] + b"\xff" * 6 + whole[start + 6 :])
    geoip = GeoIP(path, stand_in="8.8.8.8")
    assert geoip.look_up("81.2.69.142") == NOWHERE
    assert geoip.look_up("8.8.8.8") == IN_MOUNTAIN_VIEW


def test_a_removed_file_stays_in_use_and_may_come_back(geoip: GeoIP, path: Path) -> None:
    kept = path.with_name("kept.mmdb")
    path.rename(kept)
    assert not geoip.reload_if_changed()
    assert geoip.problem is not None
    assert geoip.look_up("81.2.69.142") == IN_LONDON
    kept.rename(path)
    assert geoip.reload_if_changed()
    assert geoip.problem is None


def test_a_directory_in_its_place_is_a_problem(tmp_path: Path) -> None:
    geoip = GeoIP(tmp_path, stand_in="8.8.8.8")
    assert geoip.problem is not None
    assert "Is a directory" in geoip.problem


def test_the_copy_that_is_read_goes_when_it_is_no_longer_used(geoip: GeoIP, path: Path) -> None:
    def mapped() -> int:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8")
        return sum(str(path.parent) in line for line in maps.splitlines())

    if not Path("/proc/self/maps").exists():
        pytest.skip("needs /proc")
    assert mapped() == 1
    for records in ({"8.8.8.0/24": SYDNEY}, {"8.8.8.0/24": LONDON}):
        geoip.look_up("8.8.8.8")
        replace(path, {**records})
        assert geoip.reload_if_changed()
    gc.collect()
    assert mapped() == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["city.mmdb"]


def test_a_database_in_a_directory_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    source = write_mmdb(tmp_path / "city.mmdb", RECORDS)
    with source.open("rb") as file:  # In /proc nobody, root included, can make a file.
        geoip = GeoIP(Path(f"/proc/self/fd/{file.fileno()}"), stand_in="8.8.8.8")
        assert geoip.problem is None
        assert geoip.look_up("81.2.69.142") == IN_LONDON


def test_two_readers_of_one_file_do_not_share_answers(geoip: GeoIP, path: Path) -> None:
    other_path = path.with_name("other.mmdb")
    shutil.copy(path, other_path)
    other = GeoIP(other_path, stand_in="81.2.69.142")
    assert geoip.look_up("10.0.0.1") == IN_MOUNTAIN_VIEW
    assert other.look_up("10.0.0.1") == IN_LONDON
