"""Funnels in SQL: statements of the numbers, of how long it takes, and of the people behind them.

See ``funnel_matching`` for what of a person's events counts. A funnel knows only the events within
its range that pass its filters; in a strict one any other of these interrupts."""

from dataclasses import replace
from typing import Final

from whipstitch.analytics.expressions import breakdowns, groupings
from whipstitch.analytics.expressions.breakdowns import Broken, is_in
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnel_matching
from whipstitch.analytics.reports.funnel_matching import WHOLE, marked, took
from whipstitch.analytics.reports.funnel_query import FunnelQuery, FunnelSelector
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

# All people, beside groups that some of them are in several of. (A group is never blank.)
_EVERYBODY: Final = "''"
_EVERYBODY_LISTED: Final = "emptyArrayString()"


def build(query: FunnelQuery, persons: Persons) -> Sql:
    """Rows of: group (blank: no breakdown; a list of ``groupings``), whether the row is for
    everybody, start of an interval or WHOLE, for each step how many took it, and for each but the
    first the median of seconds since the previous one (NaN where nobody took it)."""
    values = Parameters()
    attempts = query.attempts
    steps = range(len(attempts.steps))
    counts = ", ".join(f"countIf({took(attempts, step)})" for step in steps)
    medians = ", ".join(
        "quantileExactInclusiveIf(0.5)("
        f"times[{step + 1}] - times[{attempts.previous(step) + 1}], "
        f"{took(attempts, step)}) / 1000"
        for step in steps[1:]
    )
    numbers = f"[{counts}], [{medians}]"
    return values.sql(_of_groups(query, f"place, {numbers}", values, persons, ("place",)))


def build_times(query: FunnelQuery, persons: Persons) -> Sql:
    """Rows of: group and whether the row is for everybody, as above, the shortest time that the
    whole way took anybody and the width of a bucket, in milliseconds, the buckets from 0 on that
    have people and how many, median and mean of the milliseconds that it took."""
    values = Parameters()
    first, last = query.attempts.required[0], query.attempts.required[-1]
    count = values.add(query.buckets, "Int64")
    numbers = (
        "any(least_took), any(width), sumMap([intDiv(took - least_took, width)], [1]).1, "
        "sumMap([intDiv(took - least_took, width)], [1]).2, "
        "quantileExactInclusive(0.5)(took), avg(took)"
    )
    spread = (
        f"times[{last + 1}] - times[{first + 1}] AS took, min(took) OVER () AS least_took, "
        f"greatest(1, intDiv(max(took) OVER () - least_took + {count}, {count})) AS width"
    )
    query = replace(query, intervals=None)
    where = took(query.attempts, last)
    return values.sql(
        _of_groups(query, numbers, values, persons, columns=f", {spread}", where=where)
    )


def people(
    query: FunnelQuery, counted: FunnelSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people behind one number."""
    values = Parameters()
    attempts, step = query.attempts, counted.step - 1
    taken = took(attempts, step)
    if counted.outcome == "dropped":
        taken = f"{took(attempts, attempts.previous(step))} AND NOT ({taken})"
    taken += f" AND place = {WHOLE if counted.interval is None else counted.interval}"
    if counted.after is not None:
        least, most = (values.add(one, "Int64") for one in counted.after)
        waited = f"times[{step + 1}] - times[1]"
        taken += f" AND {waited} >= {least} AND {waited} < {most}"
    if counted.of_group and counted.groups is not None:
        theirs = groupings.are_in("began_as", counted.groups, counted.are_values, values)
        taken += f" AND {theirs}"
    elif counted.of_group:
        taken += f" AND {is_in('began_as', counted.group, counted.is_value, values)}"
    chosen = choose(query, values, persons, named=True)
    if query.is_broken_down:
        group = "arrayJoin(began)" if query.in_several and counted.of_group else "began"
        chosen = f"SELECT *, {group} AS began_as FROM ({chosen})"
    selected = f"SELECT who AS key, named AS id FROM ({chosen}) WHERE {taken}"
    return drill_down.build(selected, page, values)


def _of_groups(
    query: FunnelQuery,
    numbers: str,
    values: Parameters,
    persons: Persons,
    keys: tuple[str, ...] = (),
    columns: str = "",
    where: str = "1",
) -> str:
    """A query of the group, whether it is everybody, and ``numbers``, aggregates, by ``keys``, of
    the attempts that meet ``where``, each with further ``columns``."""
    chosen = f"SELECT *{columns} FROM ({choose(query, values, persons)}) WHERE {where}"
    by = "".join(f", {key}" for key in keys)
    if not query.is_broken_down:
        return f"SELECT '' AS began, 1, {numbers} FROM ({chosen}) GROUP BY began{by}"
    if query.in_several:
        # A row for each of a person's groups, and one for everybody.
        everybody = _EVERYBODY_LISTED if query.groupings else _EVERYBODY
        each = f"SELECT *, arrayJoin(arrayPushFront(began, {everybody})) AS began_as"
        return (
            f"SELECT began_as, began_as = {everybody}, {numbers} FROM ({each} FROM ({chosen})) "
            f"GROUP BY began_as{by}"
        )
    return (
        f"SELECT began, grouping(began), {numbers} FROM ({chosen}) "
        f"GROUP BY GROUPING SETS ((began{by}), ({', '.join(keys)})) HAVING count() > 0"
    )


def seen(query: FunnelQuery, values: Parameters, persons: Persons) -> str:
    """What a row of ``events`` must meet for the funnel to know of it."""
    of_range = query.range.condition(values)
    return " AND ".join((IN_SCOPE, of_range, all_met(query.filters, values, persons)))


def choose(
    query: FunnelQuery,
    values: Parameters,
    persons: Persons,
    *,
    named: bool = False,
    began: str = "",
    source: str = "events",
    also: str = "",
) -> str:
    """Chosen attempts (``took``) of everybody; if ``named`` with the key ``who`` and an id.

    Where the funnel is not broken down: ``began`` is what is kept of the event that each begins
    with, an expression; ``source`` is where rows of ``events`` come from, and ``also`` what else
    they must meet."""
    row = marked(query.attempts, values, persons)
    where = seen(query, values, persons)
    if also:
        where += f" AND {also}"
    events = f"arraySort(groupArray({row.event})) AS events"
    if query.is_broken_down:
        broken = _broken(query, f"{where} AND {row.begins}", values, persons)
        source = broken.source
        none = "''" if query.breakdown is not None and not query.in_several else "[]"
        pair = f"({row.event}, if({row.begins}, {broken.group}, {none}))"
    else:
        pair = f"({row.event}, {began})" if began else ""
    if pair:
        pairs = f"arraySort(groupArray({pair}))"
        events = f"{pairs} AS pairs, pairs.1 AS events, pairs.2 AS groups"
    columns = []
    if named:
        events += f", any({persons.id}) AS named"
        columns = ["who", "named"]
    if query.attempts.order != "strict":
        where += f" AND {row.taken}"
    # (Of groups it is long already: twice as long, ClickHouse would take seconds to read it.)
    grouped = replace(persons, sharded=persons.sharded and not pair).grouped
    everybody = grouped(
        f"{persons.key} AS who, {events}",
        f"{source} WHERE {where}",
        f"who HAVING max({row.begins})",
    )
    return funnel_matching.best(
        query.attempts,
        everybody,
        columns,
        query.intervals,
        values,
        grouped=bool(pair),
    )


def _broken(query: FunnelQuery, began: str, values: Parameters, persons: Persons) -> Broken:
    weight = f"uniqExact({persons.key})"
    if query.breakdown is not None:
        break_down = breakdowns.in_several if query.in_several else breakdowns.broken
        return break_down(query.breakdown, weight, began, values, persons)
    group = groupings.in_several if query.in_several else groupings.broken
    return group(query.groupings, weight, began, values, persons)
