"""Retention by calendar: of each person the set of intervals in which they started, and of those in
which they came back. It is the fast way, and counts people alone."""

from typing import Final, NamedTuple

from whipstitch.analytics.reports.retention_calendar import Calendar, single
from whipstitch.analytics.reports.retention_query import (
    Conditions,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE


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
    sets = _sets(query.calendar)
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
    sets = _sets(query.calendar)
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
    sets = _sets(calendar)
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
