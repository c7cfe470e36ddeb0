"""What retention is asked, and what it answers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions.breakdowns import Breakdown, Group
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.retention_calendar import Calendar
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

Mode = Literal["classic", "first_time"]
Measure = Literal["people", "share", "returns"]

_EVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Before it ClickHouse has no times."""


@dataclass(frozen=True, slots=True)
class RetentionQuery:
    """``came_back`` is by default any event. ``filters`` are for all events: the first start event
    ever is the first that passes. ``breakdown`` is by the value at the event that a person starts
    with: the first start event of the interval, or ever."""

    started: Match
    calendar: Calendar
    came_back: Match = field(default=Match(None))
    mode: Mode = "classic"
    filters: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class RetentionSelector:
    """People of one number: those of the cohort with this index who came back, or did not, in the
    ``period`` with that index; None: everybody in the cohort. Of a group if ``of_group``
    (``is_value``: see ``breakdowns.is_in``)."""

    cohort: int
    period: int | None = None
    returned: bool = True
    of_group: bool = False
    group: Group = None
    is_value: bool | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a row of ``events`` must meet, in SQL; none is NULL. ``in_range``: that people may start
    then. ``started`` is true before the range, too, where the first start ever is looked for."""

    in_range: str
    started: str
    came_back: str
    passed: str

    @classmethod
    def of(cls, query: RetentionQuery, values: Parameters, persons: Persons) -> "Conditions":
        calendar = query.calendar
        in_range = calendar.started.condition(values)
        then = in_range
        if query.mode == "first_time":
            then = TimeRange(_EVER, calendar.started.end).condition(values)
        seen = calendar.seen.condition(values)
        return cls(
            in_range,
            f"({query.started.condition(values, persons)} AND {then})",
            f"({query.came_back.condition(values, persons)} AND {seen})",
            all_met(query.filters, values, persons),
        )


class RetentionCohort(msgspec.Struct):
    """The people who started in one interval; ``returned`` has a number for each period that has
    begun."""

    start: str
    size: int
    returned: list[int]
    values: list[int | float | None] | UnsetType = UNSET
    """What is measured, of every period; null where it has not begun, and the share of nobody."""


class RetentionGroup(msgspec.Struct):
    """The cohorts of one group of a breakdown."""

    value: Group
    cohorts: list[RetentionCohort]
    is_value: bool | UnsetType = UNSET
    """Set where ``value`` is one that is called as OTHER."""


class Retention(msgspec.Struct, kw_only=True):
    """``incomplete``: see ``Calendar``; the same for every group."""

    ok: bool = True
    cohorts: list[RetentionCohort]
    incomplete: list[list[bool | None]]
    breakdowns: list[RetentionGroup] | UnsetType = UNSET
