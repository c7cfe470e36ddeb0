from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.ingest.day_ids import DayIds

KEY = IngestionKey("sk_live_1", Project("proj_1", "Shop"), "live")
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def salt_of(day: date) -> bytes:
    return day.isoformat().encode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ids(tmp_path: Path, clock: Clock) -> DayIds:
    made = DayIds(tmp_path / "salt.json", clock)
    assert made.renew(salt_of)
    return made


def test_a_visitor_has_one_id_for_a_day(ids: DayIds) -> None:
    id_ = ids.of(KEY, "1.2.3.4", b"Firefox")
    assert id_ == ids.of(KEY, "1.2.3.4", b"Firefox")
    assert id_.startswith("cookieless_")
    assert len(id_) == len("cookieless_") + 32


def test_another_address_browser_project_or_environment_is_another_visitor(ids: DayIds) -> None:
    other = IngestionKey("sk_live_2", Project("proj_2", "Shop"), "live")
    test = IngestionKey("sk_test_1", Project("proj_1", "Shop"), "test")
    found = {
        ids.of(KEY, "1.2.3.4", b"Firefox"),
        ids.of(KEY, "1.2.3.5", b"Firefox"),
        ids.of(KEY, "1.2.3.4", b"Safari"),
        ids.of(other, "1.2.3.4", b"Firefox"),
        ids.of(test, "1.2.3.4", b"Firefox"),
    }
    assert len(found) == 5


def test_all_keys_of_an_environment_mean_the_same_visitor(ids: DayIds) -> None:
    second = IngestionKey("sk_live_9", KEY.project, "live")
    assert ids.of(second, "1.2.3.4", b"x") == ids.of(KEY, "1.2.3.4", b"x")


def test_a_new_start_on_the_same_day_keeps_the_ids(
    ids: DayIds, tmp_path: Path, clock: Clock
) -> None:
    again = DayIds(tmp_path / "salt.json", clock)
    assert again.of(KEY, "1.2.3.4", b"x") == ids.of(KEY, "1.2.3.4", b"x")
    assert not again.renew(salt_of)


def test_nodes_that_share_the_salt_agree(ids: DayIds, tmp_path: Path, clock: Clock) -> None:
    other = DayIds(tmp_path / "other.json", clock)
    other.renew(salt_of)
    assert other.of(KEY, "1.2.3.4", b"x") == ids.of(KEY, "1.2.3.4", b"x")


def test_the_next_day_has_other_ids_and_the_salt_is_gone(
    ids: DayIds, tmp_path: Path, clock: Clock
) -> None:
    before = ids.of(KEY, "1.2.3.4", b"x")
    assert not ids.expire()
    clock.now += timedelta(hours=12)
    assert ids.expire()
    assert not (tmp_path / "salt.json").exists()
    between = ids.of(KEY, "1.2.3.4", b"x")
    assert ids.renew(salt_of)
    assert len({before, between, ids.of(KEY, "1.2.3.4", b"x")}) == 3


def test_a_start_on_another_day_forgets_the_salt(ids: DayIds, tmp_path: Path, clock: Clock) -> None:
    before = ids.of(KEY, "1.2.3.4", b"x")
    clock.now += timedelta(days=3)
    assert DayIds(tmp_path / "salt.json", clock).of(KEY, "1.2.3.4", b"x") != before
    assert not (tmp_path / "salt.json").exists()


def test_only_the_owner_may_read_the_salt(ids: DayIds, tmp_path: Path) -> None:
    assert ids
    assert (tmp_path / "salt.json").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_salt_is_passed_over(tmp_path: Path, clock: Clock) -> None:
    for text in ("", "{}", "[]", '{"day": "x", "salt": "zz"}'):
        (tmp_path / "salt.json").write_text(text)
        assert DayIds(tmp_path / "salt.json", clock).renew(salt_of)
