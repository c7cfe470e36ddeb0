"""How refused requests and dropped operations are counted."""

from datetime import UTC, datetime, timedelta

import pytest

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.core.reasons import Reason
from whipstitch.ingest.client import NO_PROJECT
from whipstitch.ingest.rejections import Rejections

KEY = IngestionKey("sk_live_0123456789abcdef", Project("proj_a", "A"), "live")
HOUR = datetime(2026, 5, 9, 14, tzinfo=UTC)


def stranger(key: str) -> IngestionKey:
    return IngestionKey(key, NO_PROJECT, "live")


class Clock:
    time = HOUR + timedelta(minutes=59)

    def __call__(self) -> float:
        return self.time.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rejections(clock: Clock) -> Rejections:
    return Rejections(clock)


def test_equal_causes_of_an_hour_are_counted_together(rejections: Rejections, clock: Clock) -> None:
    rejections.note(Reason.GARBAGE_ID, "batch", KEY, 3)
    rejections.note(Reason.INVALID_BODY, "track", KEY)
    clock.time += timedelta(seconds=30)
    rejections.note(Reason.GARBAGE_ID, "batch", KEY, 2)
    clock.time += timedelta(seconds=30)
    rejections.note(Reason.GARBAGE_ID, "batch", KEY)

    found = [(one.hour.hour, one.cause.reason, one.count, one.last) for one in rejections.take()]

    assert found == [
        (14, "garbage_id", 5, HOUR + timedelta(minutes=59, seconds=30)),
        (14, "invalid_body", 1, HOUR + timedelta(minutes=59)),
        (15, "garbage_id", 1, HOUR + timedelta(hours=1)),
    ]


def test_what_was_taken_counts_again_only_if_it_is_given_back(rejections: Rejections) -> None:
    rejections.note(Reason.GARBAGE_ID, "batch", KEY, 3)
    taken = rejections.take()
    assert rejections.take() == []
    rejections.note(Reason.GARBAGE_ID, "batch", KEY, 2)

    rejections.give_back(taken)

    assert [one.count for one in rejections.take()] == [5]


def test_a_key_is_told_by_its_last_four_characters_only(rejections: Rejections) -> None:
    rejections.note(Reason.INVALID_BODY, "track", KEY)
    rejections.note(Reason.INVALID_KEY, "track", stranger("sk_live_misspelt"))
    rejections.note(Reason.INVALID_KEY, "track", stranger("hunter2"))
    rejections.note(Reason.MISSING_KEY, "track", stranger(""))

    found = [(one.project_id, one.cause.reason, one.cause.key_end) for one in rejections.take()]

    assert found == [
        ("proj_a", "invalid_body", "cdef"),
        (None, "invalid_key", "pelt"),
        (None, "invalid_key", ""),
        (None, "missing_key", ""),
    ]


def test_a_flood_of_made_up_keys_is_counted_whole_and_bounded(
    rejections: Rejections, clock: Clock
) -> None:
    causes = 0
    for number in range(10_000):
        rejections.note(Reason.INVALID_KEY, "track", stranger(f"sk_live_made_up_{number}"))
        if number % 3_000 == 0:
            causes += len(rejections.take())
    found = rejections.take()

    assert causes + len(found) < 210
    assert found[-1].count > 900
    clock.time += timedelta(hours=1)
    rejections.note(Reason.INVALID_KEY, "track", stranger("sk_live_misspelt"))
    assert [one.cause.key_end for one in rejections.take()] == ["pelt"]
