"""Stickiness: in how many intervals of a range people did something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.interval_sets import sets_of
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql


@dataclass(frozen=True, slots=True)
class StickinessQuery:
    """Which events, and the intervals in which people did them."""

    match: Match
    range: TimeRange
    intervals: Intervals
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class StickinessSelector:
    """The people of so many intervals."""

    days: int


class Sticky(msgspec.Struct):
    """How many ``people`` came in ``days`` intervals, no more and no less."""

    days: int
    people: int


class Stickiness(msgspec.Struct, kw_only=True):
    """From one interval to all of them."""

    ok: bool = True
    days: list[Sticky]


def build(query: StickinessQuery, persons: Persons) -> Sql:
    """Rows of: a number of intervals, and how many people came in so many."""
    values = Parameters()
    return values.sql(
        f"SELECT days, count() FROM ({_people(query, values, persons)}) GROUP BY days"
    )


def people(
    query: StickinessQuery,
    counted: StickinessSelector,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """The people who came in so many intervals."""
    values = Parameters()
    days = values.add(counted.days, "UInt32")
    selected = f"SELECT key, id FROM ({_people(query, values, persons)}) WHERE days = {days}"
    return drill_down.build(selected, page, values)


def shape(query: StickinessQuery, rows: Sequence[Sequence[Any]]) -> Stickiness:
    """The answer that ``rows`` make."""
    found = {row[0]: row[1] for row in rows}
    numbers = range(1, len(query.intervals.starts) + 1)
    return Stickiness(days=[Sticky(days, found.get(days, 0)) for days in numbers])


def _people(query: StickinessQuery, values: Parameters, persons: Persons) -> str:
    """A query of ``key``, ``id`` and ``days`` of each person."""
    conditions = [
        IN_SCOPE,
        query.range.condition(values),
        query.match.condition(values, persons),
        all_met(query.filters, values, persons),
    ]
    sets = sets_of(query.intervals)
    came = sets.gathered.format(index=query.intervals.index_of_row(values), condition="1")
    return persons.grouped(
        f"{persons.key} AS key, any({persons.id}) AS id, {sets.size.format(set=came)} AS days",
        f"events WHERE {' AND '.join(conditions)}",
        "key",
    )


REPORT: Final = Report(in_one_statement(build, shape), people)
