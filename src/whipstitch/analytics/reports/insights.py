"""Insights: numbers of events, of people or of a property, by interval and by breakdown.

One statement asks for everything: each series is a part of it, whose rollup gives the totals over
the whole range (which for people, averages and percentiles are not sums of the intervals).

A breakdown has to know what each value weighs before it can put the rest together. Most properties
have few values: then the rows are summed up by value and interval at once, and these cells are
ranked. Where there are too many of them, or they would not be small, the rows are gone through
twice: for the values that stand alone, then for the numbers."""

import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from whipstitch.analytics.expressions import breakdowns
from whipstitch.analytics.expressions.breakdowns import (
    Breakdown,
    Group,
    is_alike,
    is_in,
    is_leftover,
    read_group,
)
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import Intervals, TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.measure import Series
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_MOST_NUMBERS: Final = 500_000
_LARGEST: Final = sys.float_info.max


@dataclass(frozen=True, slots=True)
class InsightsQuery:
    """``filters`` are for all series."""

    series: tuple[Series, ...]
    range: TimeRange
    intervals: Intervals
    filters: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None


@dataclass(frozen=True, slots=True)
class InsightSelector:
    """One number of an answer: a series, an interval's start in unix milliseconds (None: all), and
    a group if ``of_group`` (``is_value``: see ``breakdowns.is_in``)."""

    series: int
    interval: int | None = None
    of_group: bool = False
    group: Group = None
    is_value: bool | None = None


class Line(msgspec.Struct):
    """A series, or one group of it: a value for each interval, and one for the whole range; None
    where there is no number that a value could be of (``Series.of_none``)."""

    event_name: str | None
    breakdown: Group
    values: list[int | float | None]
    total: int | float | None
    is_value: bool | msgspec.UnsetType = msgspec.UNSET
    """Set where ``breakdown`` is a value that is called as OTHER."""


class Insights(msgspec.Struct, kw_only=True):
    ok: bool = True
    intervals: list[str]
    series: list[Line]


def checked(query: InsightsQuery) -> InsightsQuery:
    """``query``, if it asks for no more numbers than anybody can look at.

    Raises:
        InvalidQuery
    """
    groups = 1 if query.breakdown is None else query.breakdown.limit + 2
    numbers = len(query.series) * groups * len(query.intervals.starts)
    if numbers > _MOST_NUMBERS:
        raise InvalidQuery(
            "interval",
            f"makes up to {numbers:,} numbers, and {_MOST_NUMBERS:,} are the most: take a longer "
            "interval, a shorter range or a smaller breakdown.limit",
        )
    return query


async def answer(
    reading: QuerySession, query: InsightsQuery, most_cells: int = breakdowns.MOST_CELLS
) -> Insights:
    """The answer. Up to ``most_cells`` of a series are ranked."""
    rows = await reading.run(build(query, reading.persons, most_cells))
    crowded = {part for part, *_, cells in rows if cells > most_cells}
    if crowded:
        rows = [row for row in rows if row[0] not in crowded]
        rows += await reading.run(build(query, reading.persons, most_cells, crowded))
    return shape(query, rows)


def build(
    query: InsightsQuery,
    persons: Persons,
    most_cells: int = breakdowns.MOST_CELLS,
    crowded: Collection[int] = (),
) -> Sql:
    """Rows of: part (``_parts``), group (blank: no breakdown), start of the interval, whether the
    row is for the whole range, numbers of the part's series, and how many cells were ranked: where
    these are more than ``most_cells`` the part is ``crowded`` and its numbers are wrong.

    With ``crowded`` it is about these parts only, and right."""
    values = Parameters()
    selects = []
    for index, part in enumerate(_parts(query)):
        if crowded and index not in crowded:
            continue
        series = [query.series[one] for one in part]
        if query.breakdown is None or crowded or not series[0].sums_up():
            columns, source = _of_rows(query, series, values, persons)
        else:
            cells = _cells(query, query.breakdown, series[0], values, persons)
            columns = _of_cells(series[0])
            source = f"({breakdowns.ranked(query.breakdown, cells, most_cells, values)})"
        selects.append(
            f"SELECT {index} AS part, {columns} FROM {source} "
            "GROUP BY GROUPING SETS ((breakdown, start), (breakdown))"
        )
    return values.sql(" UNION ALL ".join(selects))


def people(
    query: InsightsQuery, counted: InsightSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people whose events make one number."""
    values = Parameters()
    series = query.series[counted.series]
    where, source, group = _rows(query, series, values, persons)
    if series.property is not None and query.breakdown is None:
        where += f" AND isNotNull({series.number(persons)})"
    if counted.interval is not None:
        start = values.add(counted.interval, "Int64")
        where += f" AND {query.intervals.start_of_row(values)} = {start}"
    who = f"{persons.key} AS key, {persons.id} AS id"
    selected = f"SELECT {who} FROM {source} WHERE {where}"
    if counted.of_group:
        is_theirs = is_in("breakdown", counted.group, counted.is_value, values)
        grouped = f"SELECT {who}, {group} AS breakdown FROM {source} WHERE {where}"
        selected = f"SELECT key, id FROM ({grouped}) WHERE {is_theirs}"
    return drill_down.build(selected, page, values)


def _parts(query: InsightsQuery) -> list[list[int]]:
    """The series that are counted together, in one go over their events: those that match the same
    ones, unless each has values of a breakdown of its own."""
    if query.breakdown is not None:
        return [[index] for index in range(len(query.series))]
    parts: dict[Match, list[int]] = defaultdict(list)
    for index, series in enumerate(query.series):
        parts[series.match].append(index)
    return list(parts.values())


def _of_rows(
    query: InsightsQuery, series: Sequence[Series], values: Parameters, persons: Persons
) -> tuple[str, str]:
    """The columns of one part, and what they are of: the rows themselves."""
    where, source, group = _rows(query, series[0], values, persons)
    numbers = ", ".join(one.aggregate(persons) for one in series)
    return (
        f"{group} AS breakdown, {query.intervals.start_of_row(values)} AS start, "
        f"grouping(start) AS whole, [{numbers}] AS numbers, 0 AS cells",
        f"{source} WHERE {where}",
    )


def _of_cells(series: Series) -> str:
    """The same columns, of ranked ``_cells``."""
    return (
        f"breakdown, start, grouping(start) AS whole, [{series.whole('partial')}] AS numbers, "
        "max(among) AS cells"
    )


def _cells(
    query: InsightsQuery, breakdown: Breakdown, series: Series, values: Parameters, persons: Persons
) -> str:
    """A query of what the rows of each value and interval come to."""
    source, value = breakdowns.valued(breakdown, values, persons)
    return (
        f"SELECT {value} AS value, {query.intervals.start_of_row(values)} AS start, "
        f"{series.weight(persons)} AS weight, {series.partial(persons)} AS partial "
        f"FROM {source} WHERE {_where(query, series, values, persons)} GROUP BY value, start"
    )


def _rows(
    query: InsightsQuery, series: Series, values: Parameters, persons: Persons
) -> tuple[str, str, str]:
    """The condition that the rows of a series meet, where they come from, and their group."""
    where = _where(query, series, values, persons)
    if query.breakdown is None:
        return where, "events", "''"
    broken = breakdowns.broken(query.breakdown, series.weight(persons), where, values, persons)
    return where, broken.source, broken.group


def _where(query: InsightsQuery, series: Series, values: Parameters, persons: Persons) -> str:
    conditions = [
        IN_SCOPE,
        query.range.condition(values),
        series.match.condition(values, persons),
        all_met(query.filters, values, persons),
    ]
    if query.breakdown is not None and series.property is not None:
        # A value that has no number is no group. (Without a breakdown other series may be counted
        # in the same go.)
        conditions.append(f"isNotNull({series.number(persons)})")
    return " AND ".join(conditions)


def shape(query: InsightsQuery, rows: Sequence[Sequence[Any]]) -> Insights:
    """The answer that ``rows`` make. Of a series' groups the one with the largest total comes
    first; the rest and what has no value come last."""
    parts = _parts(query)
    found: list[dict[str, _Group]] = [{} for _ in query.series]
    for part, text, start, whole, numbers, _ in rows:
        for index, number in zip(parts[part], numbers, strict=True):
            group = found[index].setdefault(text, _Group(query.series[index].of_none()))
            if whole:
                group.total = number
            else:
                group.values[start] = number
    starts = query.intervals.starts
    lines = []
    for series, groups in zip(query.series, found, strict=True):
        if query.breakdown is None:
            groups.setdefault("", _Group(series.of_none()))
        for text, group in sorted(groups.items(), key=_rank):
            values = [
                _number(series, group.values.get(start, series.of_none())) for start in starts
            ]
            breakdown = None if query.breakdown is None else read_group(text)
            total = _number(series, group.total)
            alike = is_alike(text)
            lines.append(Line(series.match.event_name, breakdown, values, total, alike))
    return Insights(intervals=query.intervals.labels(), series=lines)


@dataclass(slots=True)
class _Group:
    """What was found of a series, or of one group of it."""

    total: float | None
    values: dict[int, float | None] = field(default_factory=dict)


def _number(series: Series, found: float | None) -> int | float | None:
    if found is None:
        return None
    if series.property is None:
        return int(found)
    # JSON has no infinity.
    return min(max(float(found), -_LARGEST), _LARGEST)


def _rank(group: tuple[str, _Group]) -> tuple[bool, float, str]:
    text, found = group
    if is_leftover(text):
        return True, 0, text
    return False, -(found.total or 0), text


REPORT: Final = Report(answer, people)
