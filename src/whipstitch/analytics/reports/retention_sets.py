"""Retention by calendar: of each person the set of intervals in which they started, and of those in
which they came back. It is the fast way, and counts people alone."""

from whipstitch.analytics.reports.interval_sets import sets_of
from whipstitch.analytics.reports.retention_calendar import single
from whipstitch.analytics.reports.retention_query import (
    Conditions,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE


def suffice(query: RetentionQuery) -> bool:
    """Whether the question can be answered so."""
    calendar = query.calendar
    return (
        query.breakdown is None
        and query.measure != "returns"
        and not calendar.length
        and calendar.ends == single(len(calendar.ends) - 1)
    )


def counts(query: RetentionQuery, values: Parameters, persons: Persons) -> str:
    """Rows of: index of a cohort, group (blank: everybody), period (-1: everybody in the cohort),
    how many people, 0 (returns are not counted)."""
    last = values.add(len(query.calendar.ends) - 1, "Int64")
    counted = (
        f"arrayJoin(arrayPushFront(arrayMap(one -> one - cohort, arrayFilter(one -> one >= cohort "
        f"AND one <= cohort + {last}, came)), -1))"
    )
    # Many people have the same intervals, and are counted before these are looked at.
    sets = sets_of(query.calendar.intervals)
    alike = (
        f"SELECT arrayJoin({sets.listed.format(set='starts')}) AS cohort, "
        f"{sets.listed.format(set='returns')} AS came, count() AS people "
        f"FROM ({_people(query, values, persons)}) GROUP BY starts, returns"
    )
    return (
        f"SELECT cohort, '', {counted} AS period, sum(people), 0 FROM ({alike}) "
        "GROUP BY cohort, period"
    )


def chosen(
    query: RetentionQuery, counted: RetentionSelector, values: Parameters, persons: Persons
) -> str:
    """A query of ``key`` and ``id`` of the people behind one number."""
    everybody = _people(query, values, persons, named=True)
    sets = sets_of(query.calendar.intervals)
    those = sets.has.format(set="starts", index=values.add(counted.cohort, "Int64"))
    if counted.period is not None:
        interval = values.add(counted.cohort + counted.period, "Int64")
        returned = sets.has.format(set="returns", index=interval)
        those += f" AND {'' if counted.returned else 'NOT '}{returned}"
    return f"SELECT who AS key, named AS id FROM ({everybody}) WHERE {those}"


def _people(
    query: RetentionQuery, values: Parameters, persons: Persons, *, named: bool = False
) -> str:
    """A query of everybody in a cohort: their key ``who``, the intervals ``starts`` that they
    started in and ``returns`` that they came back in, and their id if ``named``."""
    calendar = query.calendar
    sets = sets_of(calendar.intervals)
    index = calendar.intervals.index_of_row(values)
    row = Conditions.of(query, values, persons)
    if query.mode == "classic":
        starts = sets.gathered.format(index=index, condition=row.started)
    else:
        first = f"minIf(if({row.in_range}, {index}, -1), {row.started})"
        one, none = sets.single.format(index=first), sets.empty
        starts = f"if(countIf({row.started}) > 0 AND {first} >= 0, {one}, {none})"
    name = f", any({persons.id}) AS named" if named else ""
    returns = sets.gathered.format(index=index, condition=row.came_back)
    return persons.grouped(
        f"{persons.key} AS who, {starts} AS starts, {returns} AS returns{name}",
        f"events WHERE {IN_SCOPE} AND {row.passed} AND ({row.started} OR {row.came_back})",
        f"who HAVING {sets.any.format(set='starts')}",
    )
