"""Funnels: how many people get how far on a way of several steps, and how long it takes them.

See ``attempts`` for what of a person's events counts. A funnel knows only the events within its
range that pass its filters; in a strict one any other of these interrupts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

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
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.funnel_matching import (
    MOST_ALIKE,
    MOST_KINDS,
    FunnelMatching,
    marked,
)
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Outcome = Literal["converted", "dropped"]

_EVERYBODY: Final = ""
"""What stands for all people beside groups that some of them are in several of."""

LONGEST_WINDOW: Final = 10 * 366 * 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class FunnelQuery:
    """``breakdown`` is by the value at the event that the attempt begins with."""

    attempts: FunnelMatching
    range: TimeRange
    filters: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None


@dataclass(frozen=True, slots=True)
class FunnelSelector:
    """People of one number of an answer: who took ``step``, the first is 1, or took the one before
    it but not this; of a group if ``of_group`` (``is_value``: see ``breakdowns.is_in``)."""

    step: int
    outcome: Outcome = "converted"
    of_group: bool = False
    group: Group = None
    is_value: bool | None = None


class StepCounts(msgspec.Struct):
    """``conversion_…`` are shares from 0 to 1, and 0 where nobody was there to convert; the median
    is None where nobody came from the step before."""

    event_name: str | None
    count: int
    conversion_from_previous: float
    conversion_from_first: float
    median_seconds_from_previous: float | None


class BrokenDown(msgspec.Struct):
    """The steps of the people of one group."""

    value: Group
    steps: list[StepCounts]
    is_value: bool | msgspec.UnsetType = msgspec.UNSET
    """Set where ``value`` is one that is called as OTHER."""


class Funnel(msgspec.Struct, kw_only=True):
    ok: bool = True
    steps: list[StepCounts]
    breakdowns: list[BrokenDown] | msgspec.UnsetType = msgspec.UNSET


def checked(query: FunnelQuery) -> FunnelQuery:
    """Raises:
    InvalidQuery: it would take too long to tell which event is which step.
    """
    if query.attempts.too_much_alike:
        raise InvalidQuery(
            "steps",
            f"must not have more than {MOST_ALIKE} steps, of {MOST_KINDS} different kinds, that "
            "one event can match, in an unordered funnel",
        )
    return query


def build(query: FunnelQuery, persons: Persons) -> Sql:
    """Rows of: group (blank: no breakdown), whether the row is for everybody, for each step how
    many took it, and for each but the first the median of seconds since the one before (NaN where
    nobody took it)."""
    values = Parameters()
    steps = range(1, len(query.attempts.steps) + 1)
    counts = ", ".join(f"countIf(depth >= {step})" for step in steps)
    medians = ", ".join(
        f"quantileExactInclusiveIf(0.5)(times[{step}] - times[{step - 1}], depth >= {step}) / 1000"
        for step in steps[1:]
    )
    people = _people(query, values, persons)
    numbers = f"[{counts}], [{medians}]"
    if query.breakdown is None:
        return values.sql(f"SELECT '', 1, {numbers} FROM ({people})")
    if query.breakdown.elements:
        return values.sql(
            f"SELECT began_as, began_as = '{_EVERYBODY}', {numbers} FROM ({people}) "
            "GROUP BY began_as"
        )
    return values.sql(
        f"SELECT began_as, grouping(began_as), {numbers} FROM ({people}) "
        "GROUP BY GROUPING SETS ((began_as), ())"
    )


def people(
    query: FunnelQuery, counted: FunnelSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people behind one number."""
    values = Parameters()
    taken = f"depth >= {counted.step}"
    if counted.outcome == "dropped":
        taken = f"depth = {counted.step - 1}"
    if counted.of_group:
        taken += f" AND {is_in('began_as', counted.group, counted.is_value, values)}"
    attempts = _people(query, values, persons, named=True)
    selected = f"SELECT who AS key, named AS id FROM ({attempts}) WHERE {taken}"
    return drill_down.build(selected, page, values)


def shape(query: FunnelQuery, rows: Sequence[Sequence[Any]]) -> Funnel:
    """The answer that ``rows`` make. The value that most people began with comes first; the rest
    and what has no value come last."""
    everybody = [0] * len(query.attempts.steps), [math.nan] * (len(query.attempts.steps) - 1)
    groups = {}
    for group, whole, counts, medians in rows:
        if whole:
            everybody = counts, medians
        else:
            groups[group] = counts, medians
    funnel = Funnel(steps=_steps(query, *everybody))
    if query.breakdown is not None:
        ranked = sorted(
            groups, key=lambda one: (is_leftover(one), is_leftover(one) or -groups[one][0][0], one)
        )
        funnel.breakdowns = [
            BrokenDown(read_group(group), _steps(query, *groups[group]), is_alike(group))
            for group in ranked
        ]
    return funnel


def _people(
    query: FunnelQuery, values: Parameters, persons: Persons, *, named: bool = False
) -> str:
    """A query of ``depth`` and ``times`` of everybody's best attempt, of the key ``who`` and the id
    ``named`` if ``named``, and of the group ``began_as`` if there is a breakdown: by elements, a
    row for each of a person's groups and one for everybody."""
    row = marked(query.attempts, values, persons)
    seen = " AND ".join(
        (
            IN_SCOPE,
            query.range.condition(values),
            all_met(query.filters, values, persons),
        )
    )
    source, events, columns = "events", f"arraySort(groupArray({row.event})) AS events", []
    if query.breakdown is not None:
        weight = f"uniqExact({persons.key})"
        began = f"{seen} AND {row.begins}"
        several = query.breakdown.elements
        break_down = breakdowns.in_several if several else breakdowns.broken
        broken = break_down(query.breakdown, weight, began, values, persons)
        source, none = broken.source, "[]" if several else "''"
        pairs = f"groupArray(({row.event}, if({row.begins}, {broken.group}, {none})))"
        events = f"arraySort({pairs}) AS pairs, pairs.1 AS events, pairs.2 AS groups"
        columns.append("groups")
    if named:
        events += f", any({persons.id}) AS named"
        columns += ["who", "named"]
    where = seen if query.attempts.order == "strict" else f"{seen} AND {row.taken}"
    attempts = query.attempts.of_people(
        f"SELECT {persons.key} AS who, {events} FROM {source} WHERE {where} "
        f"GROUP BY who HAVING max({row.begins})",
        columns,
    )
    if query.breakdown is None:
        return attempts
    group = "groups[best]"
    if query.breakdown.elements:
        group = f"arrayJoin(arrayPushFront({group}, '{_EVERYBODY}'))"
    return f"SELECT *, {group} AS began_as FROM ({attempts})"


def _steps(query: FunnelQuery, counts: Sequence[int], medians: Sequence[float]) -> list[StepCounts]:
    return [
        StepCounts(
            match.event_name,
            count,
            _share(count, previous),
            _share(count, counts[0]),
            None if math.isnan(median) else median,
        )
        for match, count, previous, median in zip(
            query.attempts.steps,
            counts,
            [counts[0], *counts[:-1]],
            [math.nan, *medians],
            strict=True,
        )
    ]


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0


REPORT: Final = Report(in_one_statement(build, shape), people)
