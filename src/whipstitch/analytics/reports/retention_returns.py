"""Retention by each start: every person's start in a cohort, its group, and how often they came
back in which period after it."""

from typing import Final

from whipstitch.analytics.expressions import breakdowns
from whipstitch.analytics.expressions.breakdowns import is_in
from whipstitch.analytics.reports.retention_query import (
    Conditions,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE

EVERYBODY: Final = ""
"""What stands for all people beside the groups."""
_MS: Final = "toUnixTimestamp64Milli(timestamp)"


def counts(query: RetentionQuery, values: Parameters, persons: Persons) -> str:
    """Rows of: index of a cohort, group, period (-1: everybody in the cohort), how many people, how
    many returns."""
    rows = "arrayPushFront(returns, (toInt64(-1), toUInt64(0)))"
    # The returns are sorted: the first in a period is the one with another before it.
    before = "arrayPushFront(arrayPopBack(rows.1), -2)"
    firsts = f"arrayMap((one, before) -> one != before, rows.1, {before})"
    listed = (
        f"SELECT cohort, arrayJoin(groups) AS part, {rows} AS rows, {firsts} AS firsts "
        f"FROM ({_starts(query, values, persons)})"
    )
    return (
        "SELECT cohort, part, row.1 AS period, sum(is_first), sum(row.2) "
        f"FROM ({listed}) ARRAY JOIN rows AS row, firsts AS is_first GROUP BY cohort, part, period"
    )


def chosen(
    query: RetentionQuery, counted: RetentionSelector, values: Parameters, persons: Persons
) -> str:
    """A query of ``key`` and ``id`` of the people behind one number."""
    those = f"cohort = {values.add(counted.cohort, 'Int64')}"
    if counted.of_group:
        found = is_in("one", counted.group, counted.is_value, values)
        those += f" AND arrayExists(one -> {found}, groups)"
    if counted.period is not None:
        period = values.add(counted.period, "Int64")
        returned = f"has(returns.1, {period})"
        those += f" AND {'' if counted.returned else 'NOT '}{returned}"
    return (
        f"SELECT who AS key, named AS id FROM ({_starts(query, values, persons, named=True)}) "
        f"WHERE {those}"
    )


def _starts(
    query: RetentionQuery, values: Parameters, persons: Persons, *, named: bool = False
) -> str:
    """A query of everybody's starts: the key ``who``, ``cohort``, ``groups`` (EVERYBODY and the
    group, or by elements the groups), ``returns`` in their order, (period, how many), and the id
    ``named`` if ``named``."""
    calendar = query.calendar
    periods = [
        index
        for index, (begin, end) in enumerate(zip((0, *calendar.ends), calendar.ends, strict=False))
        for _ in range(begin, end)
    ]
    listed = values.add(periods, "Array(Int64)")
    unit = values.add(calendar.length or 1, "Int64")
    reach = values.add((calendar.length or 1) * len(periods), "Int64")
    # A return has its time, or its interval's index; so has the start.
    origin = "start.2" if calendar.length else "start.1"
    within = f"arrayFilter(one -> one.1 >= {origin} AND one.1 < {origin} + {reach}, back)"
    period = f"arrayElement({listed}, intDiv(one.1 - {origin}, {unit}) + 1)"
    returns = f"arrayMap(one -> ({period}, one.2), {within})"
    name = ", called AS named" if named else ""
    people = _people(query, values, persons, named)
    return (
        f"SELECT who, start.1 AS cohort, start.3 AS groups, {returns} AS returns{name} "
        f"FROM (SELECT *, arrayJoin(begun) AS start FROM ({people}))"
    )


def _people(query: RetentionQuery, values: Parameters, persons: Persons, named: bool) -> str:
    """A query of everybody in a cohort: their key ``who``, what they have ``begun`` (cohort, time,
    groups), when they were ``back`` and how often, and what they are ``called``."""
    calendar = query.calendar
    row = Conditions.of(query, values, persons)
    start, _ = calendar.started.bounds(values)
    index = calendar.intervals.index_of_row(values)
    source, groups, of_start = "events", f"['{EVERYBODY}']", ""
    if query.breakdown is not None:
        several = query.breakdown.elements
        break_down = breakdowns.in_several if several else breakdowns.broken
        began = f"{IN_SCOPE} AND {row.passed} AND {row.started} AND {row.in_range}"
        weight = f"uniqExact({persons.key})"
        broken = break_down(query.breakdown, weight, began, values, persons)
        source = broken.source
        found = broken.group if several else f"[{broken.group}]"
        of_start = f", argMinIf({found}, (timestamp, accepted), {row.started}) AS found"
        groups = f"arrayPushFront(found, '{EVERYBODY}')"
    came = f"groupArrayIf(({_MS}, toUInt64(1)), {row.came_back})"
    if not calendar.length:
        times = f"countIf({row.came_back})"
        came = f"if({times} > 0, [(slot, {times})], [])"
    id_, called = (f", any({persons.id}) AS id_", ", any(id_) AS called") if named else ("", "")
    by_interval = (
        f"SELECT {persons.key} AS who, if(timestamp >= {start}, {index}, -1) AS slot, "
        f"countIf({row.started}) AS times, minIf({_MS}, {row.started}) AS first{of_start}, "
        f"{came} AS came{id_} FROM {source} "
        f"WHERE {IN_SCOPE} AND {row.passed} AND ({row.started} OR {row.came_back}) "
        "GROUP BY who, slot"
    )
    begun = f"arraySort(groupArrayIf((slot, first, {groups}), times > 0))"
    if query.mode == "first_time":
        begun = f"arrayFilter(one -> one.1 >= 0, arraySlice({begun}, 1, 1))"
    return (
        f"SELECT who, {begun} AS begun, arraySort(groupArrayArray(came)) AS back{called} "
        f"FROM ({by_interval}) GROUP BY who HAVING notEmpty(begun)"
    )
