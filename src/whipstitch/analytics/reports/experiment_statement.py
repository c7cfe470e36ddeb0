"""Experiments in SQL: one statement for all numbers, and one for the people behind one of them.

A person belongs to the variant that they were shown, from its first exposure on: what they did
before, and at the exposure itself, does not count. Events of one millisecond are in the order of
acceptance. Who was shown several variants belongs to none."""

from typing import Final

from whipstitch.analytics.expressions import breakdowns, properties
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.experiment_query import (
    EventGoal,
    ExperimentQuery,
    ExperimentSelector,
    GoalMath,
)
from whipstitch.analytics.reports.funnel_matching import took
from whipstitch.analytics.reports.funnel_query import FunnelQuery
from whipstitch.analytics.reports.funnel_statement import choose
from whipstitch.analytics.reports.funnel_steps import FunnelMatching
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_AT: Final = "toUnixTimestamp64Milli(timestamp)"
_VALUES: Final[dict[GoalMath, str]] = {
    "unique": "1",
    "total": "count()",
    "sum": "sum(number)",
    "avg": "avg(number)",
}
SEVERAL: Final = 0
"""The number of the variant of who was shown several; the others are from 1 on."""


def build(query: ExperimentQuery, persons: Persons) -> Sql:
    """Rows of: number of the variant, start of the interval of the exposure, whether the row is for
    the whole range, people, how many of them have something of the goal, and the mean and the
    variance of what they have (NaN where there is none)."""
    values = Parameters()
    only = "If" if query.is_of_some else ""
    met = ", met" if query.is_of_some else ""
    return values.sql(
        "SELECT variant, start, grouping(start), count(), countIf(met), "
        f"avg{only}(value{met}), varSampStable{only}(value{met}) "
        f"FROM ({_people(query, values, persons)}) "
        "GROUP BY GROUPING SETS ((variant, start), (variant))"
    )


def people(
    query: ExperimentQuery,
    counted: ExperimentSelector,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """The people behind one number."""
    values = Parameters()
    number = SEVERAL if counted.variant is None else counted.variant + 1
    wanted = f"variant = {values.add(number, 'UInt32')}"
    if counted.outcome in ("converted", "not_converted"):
        wanted += f" AND met = {int(counted.outcome == 'converted')}"
    if counted.interval is not None:
        wanted += f" AND start = {values.add(counted.interval, 'Int64')}"
    return drill_down.build(
        f"SELECT who AS key, named AS id FROM ({_people(query, values, persons)}) WHERE {wanted}",
        page,
        values,
    )


def _people(query: ExperimentQuery, values: Parameters, persons: Persons) -> str:
    """A query of everybody who was exposed: ``who``, ``named``, ``variant``, the ``start`` of the
    interval, whether they have something of the goal (``met``), and how much (``value``)."""
    starts = values.add(query.intervals.starts, "Array(Int64)")
    return (
        "SELECT exposed.exposed_who AS who, exposed.named AS named, exposed.variant AS variant, "
        f"roundDown(exposed.exposed_at, {starts}) AS start, reached.met AS met, "
        f"reached.value AS value FROM ({_exposed(query, values, persons)}) AS exposed "
        f"LEFT JOIN ({_reached(query, values, persons)}) AS reached "
        "ON exposed.exposed_who = reached.who"
    )


def _seen(query: ExperimentQuery, values: Parameters, persons: Persons) -> str:
    of_range = query.range.condition(values)
    return " AND ".join((IN_SCOPE, of_range, all_met(query.filters, values, persons)))


def _exposed(query: ExperimentQuery, values: Parameters, persons: Persons) -> str:
    """A query of who was exposed, to which variant, when (unix milliseconds), and the acceptance of
    that event."""
    # (The names are none of the columns of ``events``, which it is joined with.)
    variants = values.add(query.variants, "Array(String)")
    source, text = breakdowns.valued(query.shown, values, persons)
    number = f"indexOf({variants}, ifNull({text}, ''))"
    shown = (
        f"SELECT {persons.key} AS exposed_who, {persons.id} AS id, ({_AT}, accepted) AS since, "
        f"{number} AS number FROM {source} WHERE {_seen(query, values, persons)} "
        f"AND {query.exposure.condition(values, persons)} AND number > 0"
    )
    return (
        "SELECT exposed_who, any(id) AS named, min(since).1 AS exposed_at, "
        "min(since).2 AS exposed_accepted, "
        f"toUInt32(if(min(number) = max(number), any(number), {SEVERAL})) AS variant "
        f"FROM ({shown}) GROUP BY exposed_who"
    )


def _behind(
    query: ExperimentQuery, values: Parameters, persons: Persons, key: str
) -> tuple[str, str]:
    """What joins the exposure of the person whose ``key`` it is to rows of ``events``, and the
    condition that a row lies behind it."""
    exposed = _exposed(query, values, persons)
    join = f" INNER JOIN ({exposed}) AS exposed ON {key} = exposed.exposed_who"
    behind = f"({_AT}, accepted) > (exposed.exposed_at, exposed.exposed_accepted)"
    if query.within is not None:
        behind += f" AND {_AT} <= exposed.exposed_at + {values.add(query.within, 'Int64')}"
    return join, behind


def _reached(query: ExperimentQuery, values: Parameters, persons: Persons) -> str:
    """A query of those exposed who have something of the goal: ``who``, ``met``, ``value``."""
    if isinstance(query.goal, FunnelMatching):
        return _of_funnel(query.goal, query, values, persons)
    return _of_events(query.goal, query, values, persons)


def _of_events(
    goal: EventGoal, query: ExperimentQuery, values: Parameters, persons: Persons
) -> str:
    join, behind = _behind(query, values, persons, persons.key)
    where = f"{_seen(query, values, persons)} AND {goal.match.condition(values, persons)}"
    number = "1"
    if goal.property is not None:
        number = properties.of_event(goal.property, persons, values, goal.computed).number
        where += f" AND isNotNull({number})"
    rows = (
        f"SELECT {persons.key} AS who, {number} AS number FROM events{join} "
        f"WHERE {where} AND {behind}"
    )
    value = f"assumeNotNull(toFloat64({_VALUES[goal.math]}))"
    return f"SELECT who, 1 AS met, {value} AS value FROM ({rows}) GROUP BY who"


def _of_funnel(
    way: FunnelMatching, query: ExperimentQuery, values: Parameters, persons: Persons
) -> str:
    join, behind = _behind(query, values, persons, persons.key)
    chosen = choose(
        FunnelQuery(way, query.range, query.filters),
        values,
        persons,
        named=True,
        source=f"events{join}",
        also=behind,
    )
    return (
        f"SELECT who, 1 AS met, toFloat64(1) AS value FROM ({chosen}) "
        f"WHERE {took(way, way.required[-1])}"
    )
