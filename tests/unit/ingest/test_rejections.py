"""What is remembered of refused requests."""

import pytest

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.core.reasons import Reason
from whipstitch.ingest.client import NO_PROJECT
from whipstitch.ingest.rejections import Rejections

KEY = IngestionKey("sk_live_0123456789abcdef", Project("proj_a", "A"), "live")


def stranger(key: str) -> IngestionKey:
    return IngestionKey(key, NO_PROJECT, "live")


class Clock:
    time = 1_770_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(clock: Clock) -> Rejections:
    return Rejections(clock)


def test_equal_causes_are_counted_together_and_the_latest_comes_first(
    refusals: Rejections, clock: Clock
) -> None:
    refusals.note(Reason.GARBAGE_ID, "batch", KEY, 3)
    clock.time += 90
    refusals.note(Reason.INVALID_BODY, "track", KEY)
    clock.time += 90
    refusals.note(Reason.GARBAGE_ID, "batch", KEY, 2)

    found = [(one.cause.reason, one.count, one.last) for one in refusals.lately("proj_a")]

    assert found == [
        ("garbage_id", 5, clock.time),
        ("invalid_body", 1, clock.time - 90),
    ]


def test_it_is_forgotten_after_an_hour(refusals: Rejections, clock: Clock) -> None:
    refusals.note(Reason.INVALID_BODY, "track", KEY)

    clock.time += 59 * 60
    assert len(refusals.lately("proj_a")) == 1
    clock.time += 2 * 60
    assert refusals.lately("proj_a") == []


def test_a_key_is_told_by_its_last_four_characters_only(refusals: Rejections) -> None:
    refusals.note(Reason.INVALID_BODY, "track", KEY)
    refusals.note(Reason.INVALID_KEY, "track", stranger("sk_live_misspelt"))
    refusals.note(Reason.INVALID_KEY, "track", stranger("hunter2"))
    refusals.note(Reason.MISSING_KEY, "track", stranger(""))

    assert refusals.lately("proj_a")[0].cause.key_end == "cdef"
    assert {one.cause.key_end for one in refusals.lately(None)} == {"pelt", ""}
    assert refusals.lately("proj_b") == []


def test_a_flood_of_made_up_keys_is_bounded_and_the_newest_stay(refusals: Rejections) -> None:
    for number in range(10_000):
        refusals.note(Reason.INVALID_KEY, "track", stranger(f"sk_live_made_up_{number}"))

    found = refusals.lately(None)

    assert len(found) <= 500
    assert any(one.cause.key_end == "9999" for one in found)
