"""Retention: of the people who did something in an interval, how many came back in later ones.

Whoever did the start event in an interval belongs to its cohort, and came back in any period in
which they did the return event. Periods are intervals, or several of them together. In the starting
one, too, a return counts: whether before or after the start event, and the start event itself
counts where it is a return event.

Rolling periods are counted from each person's start on, the first start event of the interval (or
ever), by the clock: nothing before it is a return."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from whipstitch.analytics.expressions.breakdowns import is_alike, is_leftover, read_group
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import retention_returns, retention_sets
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.analytics.reports.retention_query import (
    Retention,
    RetentionCohort,
    RetentionGroup,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.analytics.reports.retention_returns import EVERYBODY
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql

_WHOLE: Final = -1
"""What stands for everybody in a cohort, in place of a period."""
_Counts = Mapping[tuple[int, int], tuple[int, int]]
"""People and returns by cohort and period."""


def build(query: RetentionQuery, persons: Persons) -> Sql:
    """Rows of: index of a cohort, group (blank: all of them), period (-1: everybody in the cohort),
    how many people, how many returns."""
    values = Parameters()
    way = retention_sets if retention_sets.suffice(query) else retention_returns
    return values.sql(way.counts(query, values, persons))


def people(
    query: RetentionQuery,
    counted: RetentionSelector,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """The people behind one number."""
    values = Parameters()
    way = retention_sets if retention_sets.suffice(query) else retention_returns
    return drill_down.build(way.chosen(query, counted, values, persons), page, values)


def shape(query: RetentionQuery, rows: Sequence[Sequence[Any]]) -> Retention:
    """The answer that ``rows`` make. The value that most people started with comes first; the rest
    and what has no value come last."""
    groups: dict[str, dict[tuple[int, int], tuple[int, int]]] = {EVERYBODY: {}}
    for cohort, group, period, count, returns in rows:
        groups.setdefault(group, {})[cohort, period] = count, returns
    answer = Retention(
        cohorts=_cohorts(query, groups.pop(EVERYBODY)),
        incomplete=[list(periods) for periods in query.calendar.incomplete],
    )
    if query.breakdown is not None:
        ranked = sorted(
            groups,
            key=lambda one: (is_leftover(one), is_leftover(one) or -_size(groups[one]), one),
        )
        answer.breakdowns = [
            RetentionGroup(read_group(group), _cohorts(query, groups[group]), is_alike(group))
            for group in ranked
        ]
    return answer


def _size(counts: _Counts) -> int:
    return sum(people for (_, period), (people, _) in counts.items() if period == _WHOLE)


def _cohorts(query: RetentionQuery, counts: _Counts) -> list[RetentionCohort]:
    calendar = query.calendar
    cohorts = []
    for index, label in enumerate(calendar.intervals.labels()[: calendar.cohorts]):
        size, _ = counts.get((index, _WHOLE), (0, 0))
        found = [counts.get((index, period), (0, 0)) for period in range(calendar.begun[index])]
        cohort = RetentionCohort(label, size, [people for people, _ in found])
        if query.measure is not None:
            cohort.values = _values(query, index, size, found)
        cohorts.append(cohort)
    return cohorts


def _values(
    query: RetentionQuery, cohort: int, size: int, found: Sequence[tuple[int, int]]
) -> list[int | float | None]:
    values: list[int | float | None] = []
    for period, incomplete in enumerate(query.calendar.incomplete[cohort]):
        if incomplete is None:
            values.append(None)
            continue
        people, returns = found[period]
        if query.measure == "share":
            values.append(people / size if size else None)
        else:
            values.append(returns if query.measure == "returns" else people)
    return values


REPORT: Final = Report(in_one_statement(build, shape), people)
