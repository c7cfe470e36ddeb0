"""Counts of what ingestion rejected."""

from datetime import UTC, datetime, timedelta

import pytest

from whipstitch.core.projects import Environment, Scope
from whipstitch.core.reasons import Reason
from whipstitch.core.rejections import Cause, Rejection
from whipstitch.registry.store import Registry

HOUR = datetime(2026, 5, 9, 14, tzinfo=UTC)
LIVE = Scope("proj_a", "live")


def rejected(
    count: int,
    minutes: int = 0,
    *,
    project: str | None = "proj_a",
    reason: Reason = Reason.GARBAGE_ID,
    environment: Environment | None = "live",
    key_end: str = "cdef",
) -> Rejection:
    at = HOUR + timedelta(minutes=minutes)
    hour = at.replace(minute=0)
    return Rejection(project, hour, Cause(reason, "batch", environment, key_end), count, at)


@pytest.fixture
def counted(registry: Registry) -> Registry:
    registry.count_rejections([rejected(3, 10), rejected(1, 20, key_end="beef")])
    registry.count_rejections([rejected(4, 50), rejected(2, 70)])
    strangers = rejected(7, 30, project=None, reason=Reason.INVALID_KEY, environment=None)
    elsewhere = [rejected(50, project="proj_b"), rejected(60, environment="test")]
    registry.count_rejections([strangers, *elsewhere])
    return registry


def test_causes_met_lately_come_the_latest_first(counted: Registry) -> None:
    found = counted.rejections_since(LIVE, HOUR + timedelta(minutes=25))

    told = [(one.project_id, one.cause.reason, one.cause.key_end, one.count) for one in found]
    assert told == [
        ("proj_a", "garbage_id", "cdef", 9),
        (None, "invalid_key", "cdef", 7),
    ]
    assert [one.last for one in found] == [
        HOUR + timedelta(minutes=70),
        HOUR + timedelta(minutes=30),
    ]


def test_by_hour_keys_are_counted_together(counted: Registry) -> None:
    found = counted.rejections_by_hour(LIVE, HOUR, HOUR + timedelta(hours=1))
    later = counted.rejections_by_hour(LIVE, HOUR + timedelta(hours=1), HOUR + timedelta(hours=2))

    told = {(one.hour, one.project_id, one.cause.reason, one.count) for one in found}
    assert told == {(HOUR, "proj_a", "garbage_id", 8), (HOUR, None, "invalid_key", 7)}
    assert [one.count for one in later] == [2]


def test_old_hours_are_forgotten(counted: Registry) -> None:
    counted.forget_rejections(HOUR + timedelta(hours=1))

    left = counted.rejections_by_hour(LIVE, HOUR, HOUR + timedelta(hours=2))
    assert [one.hour for one in left] == [HOUR + timedelta(hours=1)]
