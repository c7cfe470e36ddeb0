"""Flows: what people do after an event, or before it, step by step.

A path is a part of one visit: the rows of a person with one ``session_id``, or where they have
none, those with at most 30 minutes between one and the next. It begins at the first occurrence of
the event in the visit and goes on, or back, for ``depth`` steps; of any event, at the visit's first
(going back: its last). An event that follows itself is one step. Events of one instant follow each
other in the order in which they were accepted.

Steps may be screens or pages instead of events. What is no step, for it is left out or has no
screen, still keeps a visit together."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.events import screens
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.flow_answer import Flows, _is_rest, shape
from whipstitch.analytics.reports.flow_query import FlowsQuery
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_PAUSE_MS: Final = 30 * 60 * 1000
_NAMES: Final = {"screen": screens.of_row(), "page": screens.page_of_row()}
"""What steps are called that are no events."""


@dataclass(frozen=True, slots=True)
class FlowSelector:
    """Nodes of an answer, by their ids, that paths go through: which there are is known when the
    paths are counted."""

    answer: Flows
    nodes: Sequence[str]


def build(query: FlowsQuery, persons: Persons) -> Sql:
    """Rows of: step, the step's event, the one nearer by a step (blank: none), how many paths have
    the two."""
    values = Parameters()
    paths = _paths(query, values, persons)
    steps = (
        "arrayConcat(arrayMap(one -> toInt64(one), range(length(after))), "
        "arrayMap(one -> -toInt64(one), range(1, greatest(1, length(before)))))"
    )
    nearer = "arrayConcat(arrayPushFront(arrayPopBack(after), ''), arrayPopBack(before))"
    return values.sql(
        f"SELECT step, name, nearer, count() FROM (SELECT after, before FROM ({paths})) "
        f"ARRAY JOIN arrayConcat(after, arrayPopFront(before)) AS name, {nearer} AS nearer, "
        f"{steps} AS step GROUP BY step, name, nearer"
    )


async def answer(session: QuerySession, query: FlowsQuery) -> Flows:
    rows = await session.run(build(query, session.persons))
    # There may be many paths.
    return await asyncio.to_thread(shape, query, rows)


def people(
    query: FlowsQuery, selected: FlowSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people with a path that goes through all of the nodes."""
    values = Parameters()
    answer, nodes = selected.answer, selected.nodes
    known = {node.id: node for node in answer.nodes}
    alone: defaultdict[int, list[str]] = defaultdict(list)
    for node in answer.nodes:
        if not _is_rest(node):
            alone[node.step].append(node.event_name)
    conditions = []
    for node in (known[id_] for id_ in nodes):
        if _is_rest(node):
            names = values.add(alone[node.step], "Array(String)")
            conditions.append(_at(node.step, f"NOT IN {names}", values))
        else:
            conditions.append(_at(node.step, f"= {values.add(node.event_name)}", values))
    paths = _paths(query, values, persons, f", any({persons.id}) AS person")
    through = f"SELECT key, person AS id FROM ({paths}) WHERE {' AND '.join(conditions)}"
    return drill_down.build(through, page, values)


def chosen(answer: Flows, node: str | None, link: Sequence[str] | None) -> FlowSelector:
    """``node`` of an answer, or the two of ``link``.

    Raises:
        InvalidQuery: the answer does not have it.
    """
    if (node is None) == (link is None):
        raise InvalidQuery("people_of", "must have either `node` or `link`")
    if link is not None:
        if not any([one.source, one.target] == list(link) for one in answer.links):
            raise InvalidQuery("people_of.link", "must be [source, target] of one of the `links`")
        return FlowSelector(answer, list(link))
    if not any(one.id == node for one in answer.nodes):
        raise InvalidQuery("people_of.node", "must be the `id` of one of the `nodes`")
    return FlowSelector(answer, [str(node)])


def _at(step: int, is_: str, values: Parameters) -> str:
    """Whether a path has a step, and what is there ``is_`` what it should be."""
    side = "after" if step >= 0 else "before"
    place = values.add(abs(step) + 1, "UInt8")
    return f"length({side}) >= {place} AND {side}[{place}] {is_}"


def _name(query: FlowsQuery, values: Parameters, persons: Persons) -> str:
    """What a row's step is called, a String; blank: it is none."""
    if query.by != "event":
        return _NAMES[query.by]
    named = [*query.excluded, *(one.event_name for one in query.through)]
    kept = named if query.event_name is None else [query.event_name, *named]
    return query.names.of_row(kept, values, persons)


def _paths(query: FlowsQuery, values: Parameters, persons: Persons, more: str = "") -> str:
    """A query of the paths: whose, as ``key``, and names of events from the one on that they begin
    with: ``after`` it and ``before`` it, both with itself. ``more`` is selected beside them,
    aggregates over the rows of a visit."""
    where = " AND ".join(
        (
            IN_SCOPE,
            query.range.condition(values),
            all_met(query.filters, values, persons),
        )
    )
    step = _name(query, values, persons)
    if query.excluded:
        step = f"if({step} IN {values.add(query.excluded, 'Array(String)')}, '', {step})"
    rows = f"arraySort(groupArray((toUnixTimestamp64Milli(timestamp), accepted, {step})))"
    first, only = ("1" if query.direction == "after" else "length(names)"), ""
    if query.event_name is not None:
        name = values.add(query.event_name)
        first = f"indexOf(names, {name})"
        # Few visits have the event: the others are left out before their rows are gathered.
        visit = f"cityHash64({persons.key}, session_id)"
        only = f" AND {visit} IN (SELECT {visit} FROM events WHERE {where} AND {step} = {name})"
    gathered = persons.grouped(
        f"{persons.key} AS key, session_id, {rows} AS rows{more}",
        f"events WHERE {where}{only}",
        "key, session_id",
    )
    parts = (
        "if(session_id = '', arraySplit((row, pause) -> pause > "
        f"{_PAUSE_MS}, rows, arrayDifference(rows.1)), [rows])"
    )
    names = f"arrayMap(row -> row.3, arrayJoin({parts}))"
    names = f"arrayCompact(arrayFilter(one -> one != '', {names}))"
    begun = f"SELECT *, {names} AS names, {first} AS first FROM ({gathered})"
    after, before = (
        values.add(steps + 1, "UInt8") for steps in (query.steps_after, query.steps_before)
    )
    paths = (
        f"SELECT *, arraySlice(names, first, {after}) AS after, "
        f"arraySlice(arrayReverse(arraySlice(names, 1, first)), 1, {before}) AS before "
        f"FROM ({begun}) WHERE first > 0 AND notEmpty(names)"
    )
    if not query.through:
        return paths
    through = (_at(one.step, f"= {values.add(one.event_name)}", values) for one in query.through)
    return f"SELECT * FROM ({paths}) WHERE {' AND '.join(through)}"


REPORT: Final = Report(answer, people)
