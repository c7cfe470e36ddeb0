"""When people come: more in the evening than at night, less at weekends, more each week."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

DAYS = 30
LONGEST_VISIT = timedelta(minutes=30)
"""How long before the story's end the last visit begins at the latest, so that it ends before."""

_WEEK = (1.0, 0.98, 1.0, 0.94, 0.85, 0.55, 0.66)
_DAY = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 10, 12, 11, 9, 9, 9, 10, 12, 14, 15, 13, 9, 5)
_GROWTH = 0.015
"""How many more come each day, of those who came on the first."""
_HABIT_DAYS = 5
_HABIT = 0.3
"""What share of the first days' interest remains for good, and how fast the rest fades."""


def arrival(rng: Random, now: datetime, utc_offset: float) -> datetime:
    """When somebody first comes, in the ``DAYS`` before ``now``."""
    start = now - timedelta(days=DAYS)
    days = [start.date() + timedelta(days=number) for number in range(DAYS + 1)]
    weights = [_WEEK[day.weekday()] * (1 + _GROWTH * n) for n, day in enumerate(days)]
    while True:
        moment = _moment(rng, rng.choices(days, weights)[0], utc_offset)
        if start <= moment <= now - LONGEST_VISIT:
            return moment


def returns(
    rng: Random, first: datetime, now: datetime, utc_offset: float, keenness: float
) -> Iterator[datetime]:
    """When somebody is back who came ``first`` then: at most once a day."""
    for since in range(1, DAYS + 1):
        day = first.date() + timedelta(days=since)
        interest = _HABIT + (1 - _HABIT) * math.exp(-since / _HABIT_DAYS)
        if rng.random() < keenness * interest * _WEEK[day.weekday()]:
            moment = _moment(rng, day, utc_offset)
            if first + LONGEST_VISIT < moment <= now - LONGEST_VISIT:
                yield moment


def _moment(rng: Random, day: date, utc_offset: float) -> datetime:
    (hour,) = rng.choices(range(24), _DAY)
    seconds = rng.randrange(3_600_000) / 1000
    local = datetime.combine(day, time(hour, tzinfo=UTC)) + timedelta(seconds=seconds)
    return local - timedelta(hours=utc_offset)
