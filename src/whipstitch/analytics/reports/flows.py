"""Flows: what people do after an event, or before it, step by step.

A path is a part of one visit: the rows of a person with one ``session_id``, or where they have
none, those with at most 30 minutes between one and the next. It begins at the first occurrence of
the event in the visit and goes on, or back, for ``depth`` steps. An event that follows itself is
one step. Events of one instant follow each other in the order in which they were accepted."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from whipstitch.analytics.expressions.breakdowns import OTHER
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Direction = Literal["after", "before"]

DEFAULT_DEPTH: Final = 4
DEEPEST: Final = 10
DEFAULT_LIMIT: Final = 10
WIDEST: Final = 50
_PAUSE_MS: Final = 30 * 60 * 1000


@dataclass(frozen=True, slots=True)
class FlowsQuery:
    """``limit``: how many events of a step stand alone. ``filters`` are for all events of a
    path."""

    event_name: str
    range: TimeRange
    direction: Direction = "after"
    depth: int = DEFAULT_DEPTH
    limit: int = DEFAULT_LIMIT
    filters: tuple[Filter, ...] = ()


class Node(msgspec.Struct, frozen=True):
    """An event at a step: 0 is the event that was asked for, 1 comes after it, -1 before it.
    ``count`` is in paths."""

    id: str
    event_name: str
    step: int
    count: int


class FlowLink(msgspec.Struct, frozen=True):
    """How many paths go from one node to another, which comes later."""

    source: str
    target: str
    count: int


class Flows(msgspec.Struct, kw_only=True):
    """Nodes in the order of their distance from the event, the most frequent first, the rest
    last."""

    ok: bool = True
    nodes: list[Node]
    links: list[FlowLink]


@dataclass(frozen=True, slots=True)
class FlowSelector:
    """Nodes of an answer, by their ids, that paths go through: which there are is known when the
    paths are counted."""

    answer: Flows
    nodes: Sequence[str]


def build(query: FlowsQuery, persons: Persons) -> Sql:
    """Rows of: distance from the event, the step's event, the one nearer by a step (blank: none),
    how many paths have the two."""
    values = Parameters()
    paths = _paths(query, values, persons)
    return values.sql(
        f"SELECT distance, name, nearer, count() FROM (SELECT path FROM ({paths})) "
        "ARRAY JOIN path AS name, arrayPushFront(arrayPopBack(path), '') AS nearer, "
        "range(length(path)) AS distance GROUP BY distance, name, nearer"
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
        if node.event_name != OTHER:
            alone[node.step].append(node.event_name)
    conditions = []
    for node in (known[id_] for id_ in nodes):
        place = values.add(abs(node.step) + 1, "UInt8")
        if node.event_name == OTHER:
            names = values.add(alone[node.step], "Array(String)")
            conditions.append(f"length(path) >= {place} AND path[{place}] NOT IN {names}")
        else:
            conditions.append(f"path[{place}] = {values.add(node.event_name)}")
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


def shape(query: FlowsQuery, rows: Sequence[Sequence[Any]]) -> Flows:
    """The answer that ``rows`` make. Of two events as frequent as each other, the one that sorts
    first stands alone."""
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for distance, name, _, count in rows:
        counts[distance][name] += count
    labels = {distance: _labels(found, query.limit) for distance, found in counts.items()}
    nodes: Counter[tuple[int, str]] = Counter()
    links: Counter[tuple[int, str, str]] = Counter()
    for distance, name, nearer, count in rows:
        label = labels[distance][name]
        nodes[distance, label] += count
        if nearer:
            links[distance, label, labels[distance - 1][nearer]] += count
    return Flows(
        nodes=[
            Node(_id(query, distance, label), label, _step(query, distance), count)
            for (distance, label), count in sorted(nodes.items(), key=_rank)
        ],
        links=[
            FlowLink(*_ends(query, distance, label, nearer), count)
            for (distance, label, nearer), count in sorted(links.items(), key=_rank)
        ],
    )


def _labels(counts: Counter[str], limit: int) -> Mapping[str, str]:
    """What each event of a step is called: OTHER past the limit."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: name if place < limit else OTHER for place, name in enumerate(ranked)}


def _rank(counted: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
    (distance, label, *nearer), count = counted
    return distance, label == OTHER, -count, label, *nearer


def _step(query: FlowsQuery, distance: int) -> int:
    return distance if query.direction == "after" else -distance


def _id(query: FlowsQuery, distance: int, label: str) -> str:
    return f"{_step(query, distance)}:{label}"


def _ends(query: FlowsQuery, distance: int, label: str, nearer: str) -> tuple[str, str]:
    """The ids of a link's nodes, the earlier one first."""
    near, far = _id(query, distance - 1, nearer), _id(query, distance, label)
    return (near, far) if query.direction == "after" else (far, near)


def _paths(query: FlowsQuery, values: Parameters, persons: Persons, more: str = "") -> str:
    """A query of the paths: whose, as ``key``, and ``path``, names of events from the asked one on.
    ``more`` is selected beside them, aggregates over the rows of a visit."""
    where = " AND ".join(
        (
            IN_SCOPE,
            query.range.condition(values),
            all_met(query.filters, values, persons),
        )
    )
    name = values.add(query.event_name)
    reach = values.add(query.depth + 1, "UInt8")
    # Few visits have the event: the others are left out before their rows are gathered.
    visit = f"cityHash64({persons.key}, session_id)"
    rows = "arraySort(groupArray((toUnixTimestamp64Milli(timestamp), accepted, event_name)))"
    gathered = (
        f"SELECT {persons.key} AS key, session_id, {rows} AS rows{more} FROM events "
        f"WHERE {where} AND {visit} IN "
        f"(SELECT {visit} FROM events WHERE {where} AND event_name = {name}) "
        "GROUP BY key, session_id"
    )
    parts = (
        "if(session_id = '', arraySplit((row, pause) -> pause > "
        f"{_PAUSE_MS}, rows, arrayDifference(rows.1)), [rows])"
    )
    names = f"arrayCompact(arrayMap(row -> row.3, arrayJoin({parts})))"
    begun = f"SELECT *, {names} AS names, indexOf(names, {name}) AS first FROM ({gathered})"
    if query.direction == "after":
        path = f"arraySlice(names, first, {reach})"
    else:
        path = f"arraySlice(arrayReverse(arraySlice(names, 1, first)), 1, {reach})"
    return f"SELECT *, {path} AS path FROM ({begun}) WHERE first > 0"


REPORT: Final = Report(answer, people)
