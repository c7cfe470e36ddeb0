"""Retention: of the people who did something in an interval, how many came back in later ones.

Everything goes by intervals: whoever did the start event in one belongs to its cohort, and came
back in any in which they did the return event. In the starting one, too: whether before or after
the start event, and the start event itself counts where it is a return event."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

import msgspec

from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import Intervals, TimeRange, intervals
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Interval = Literal["day", "week", "month"]
Mode = Literal["classic", "first_time"]

MOST_PERIODS: Final = 366
_MOST_NUMBERS: Final = 100_000
_LONGEST: Final = {"day": timedelta(2), "week": timedelta(8), "month": timedelta(32)}
_EVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Before it ClickHouse has no times."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """``started``: when people may start. ``seen``: when they may come back, which is longer: up to
    ``periods`` intervals after the last one with a cohort, as far as these have begun.
    ``intervals`` hold all of it, and the first ``cohorts`` of them have one each."""

    started: TimeRange
    seen: TimeRange
    intervals: Intervals
    cohorts: int
    periods: int

    @classmethod
    def of(
        cls, range_: TimeRange, interval: Interval, periods: int, zone: ZoneInfo, now: datetime
    ) -> Self:
        """Of cohorts that start within ``range_``.

        Raises:
            InvalidQuery: it makes more numbers than anybody can look at.
        """
        cohorts = len(intervals(range_, interval, zone).starts)
        numbers = cohorts * (periods + 1)
        if numbers > _MOST_NUMBERS:
            raise InvalidQuery(
                "interval",
                f"makes {numbers:,} numbers, and {_MOST_NUMBERS:,} are the most: take a longer "
                "interval, a shorter range or fewer periods",
            )
        far = range_.end + (periods + 1) * _LONGEST[interval]
        end = min(max(now, range_.end), far)
        *starts, behind = intervals(TimeRange(range_.start, far), interval, zone).starts[
            : cohorts + periods + 1
        ]
        end = min(end, datetime.fromtimestamp(behind / 1000, UTC))
        begun = Intervals(tuple(start for start in starts if start < end.timestamp() * 1000))
        return cls(range_, TimeRange(range_.start, end), begun, cohorts, periods)

    def periods_of(self, cohort: int) -> int:
        """How many intervals of a cohort have begun, its own among them."""
        return min(self.periods + 1, len(self.intervals.starts) - cohort)


@dataclass(frozen=True, slots=True)
class RetentionQuery:
    """``came_back`` is by default any event. ``filters`` are for all events: the first start event
    ever is the first that passes."""

    started: Match
    calendar: Calendar
    came_back: Match = field(default=Match(None))
    mode: Mode = "classic"
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class RetentionSelector:
    """People of one number: those of the cohort with this index who came back, or did not, in the
    interval ``period`` after it; None: everybody in the cohort."""

    cohort: int
    period: int | None = None
    returned: bool = True


class _Sets(NamedTuple):
    """Sets of intervals in SQL: templates over ``index`` expressions and ``set`` columns."""

    gathered: str
    """Of the rows of a group that meet ``condition``."""
    single: str
    empty: str
    has: str
    any: str
    listed: str
    """As an Array(Int64)."""


_BIT: Final = "bitShiftLeft(toUInt64(1), toUInt8(bitAnd({index}, 63)))"
_BITS: Final = _Sets(
    gathered=f"groupBitOrIf({_BIT}, {{condition}})",
    single=_BIT,
    empty="toUInt64(0)",
    has=f"bitAnd({{set}}, {_BIT}) != 0",
    any="{set} != 0",
    listed="arrayMap(one -> toInt64(one), bitPositionsToArray({set}))",
)
_ARRAYS: Final = _Sets(
    gathered="groupUniqArrayIf({index}, {condition})",
    single="[{index}]",
    empty="[]",
    has="has({set}, {index})",
    any="notEmpty({set})",
    listed="{set}",
)
_MOST_BITS: Final = 64


def _sets(calendar: Calendar) -> _Sets:
    """Bits are gathered and compared faster, where there are enough of them."""
    return _BITS if len(calendar.intervals.starts) <= _MOST_BITS else _ARRAYS


class RetentionCohort(msgspec.Struct):
    """The people who started in one interval; ``returned`` has a number for each interval that has
    begun."""

    start: str
    size: int
    returned: list[int]


class Retention(msgspec.Struct, kw_only=True):
    ok: bool = True
    cohorts: list[RetentionCohort]


def build(query: RetentionQuery, persons: Persons) -> Sql:
    """Rows of: index of a cohort, period (-1: everybody in the cohort), how many people."""
    values = Parameters()
    periods = values.add(query.calendar.periods, "Int64")
    counted = (
        f"arrayJoin(arrayPushFront(arrayMap(one -> one - cohort, arrayFilter(one -> one >= cohort "
        f"AND one <= cohort + {periods}, came)), -1))"
    )
    # Many people have the same intervals, and are counted before these are looked at.
    sets = _sets(query.calendar)
    alike = (
        f"SELECT arrayJoin({sets.listed.format(set='starts')}) AS cohort, "
        f"{sets.listed.format(set='returns')} AS came, count() AS people "
        f"FROM ({_people(query, values, persons)}) GROUP BY starts, returns"
    )
    return values.sql(
        f"SELECT cohort, {counted} AS period, sum(people) FROM ({alike}) GROUP BY cohort, period"
    )


def people(
    query: RetentionQuery,
    counted: RetentionSelector,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """The people behind one number."""
    values = Parameters()
    everybody = _people(query, values, persons, named=True)
    sets = _sets(query.calendar)
    those = sets.has.format(set="starts", index=values.add(counted.cohort, "Int64"))
    if counted.period is not None:
        interval = values.add(counted.cohort + counted.period, "Int64")
        returned = sets.has.format(set="returns", index=interval)
        those += f" AND {'' if counted.returned else 'NOT '}{returned}"
    selected = f"SELECT who AS key, named AS id FROM ({everybody}) WHERE {those}"
    return drill_down.build(selected, page, values)


def shape(query: RetentionQuery, rows: Sequence[Sequence[Any]]) -> Retention:
    """The answer that ``rows`` make."""
    found = {(cohort, period): count for cohort, period, count in rows}
    calendar = query.calendar
    labels = calendar.intervals.labels()[: calendar.cohorts]
    return Retention(
        cohorts=[
            RetentionCohort(
                label,
                found.get((index, -1), 0),
                [found.get((index, period), 0) for period in range(calendar.periods_of(index))],
            )
            for index, label in enumerate(labels)
        ]
    )


def _people(
    query: RetentionQuery, values: Parameters, persons: Persons, *, named: bool = False
) -> str:
    """A query of everybody in a cohort: their key ``who``, the intervals ``starts`` that they
    started in and ``returns`` that they came back in, and their id if ``named``."""
    calendar = query.calendar
    sets = _sets(calendar)
    index = calendar.intervals.index_of_row(values)
    in_range = calendar.started.condition(values)
    started = f"({query.started.condition(values, persons)})"
    came_back = (
        f"({query.came_back.condition(values, persons)} AND {calendar.seen.condition(values)})"
    )
    if query.mode == "classic":
        started = f"({started} AND {in_range})"
        starts = sets.gathered.format(index=index, condition=started)
    else:
        until = TimeRange(_EVER, calendar.started.end).condition(values)
        started = f"({started} AND {until})"
        first = f"minIf(if({in_range}, {index}, -1), {started})"
        one, none = sets.single.format(index=first), sets.empty
        starts = f"if(countIf({started}) > 0 AND {first} >= 0, {one}, {none})"
    passed = all_met(query.filters, values, persons)
    name = f", any({persons.id}) AS named" if named else ""
    return (
        f"SELECT {persons.key} AS who, {starts} AS starts, "
        f"{sets.gathered.format(index=index, condition=came_back)} AS returns{name} FROM events "
        f"WHERE {IN_SCOPE} AND {passed} AND ({started} OR {came_back}) "
        f"GROUP BY who HAVING {sets.any.format(set='starts')}"
    )


REPORT: Final = Report(in_one_statement(build, shape), people)
