"""Flows: what people do after an event, or before it, step by step.

A path is a part of one visit: the rows of a person with one ``session_id``, or where they have
none, those with at most 30 minutes between one and the next. It begins at the first occurrence of
the event in the visit and goes on, or back, for ``depth`` steps; of any event, at the visit's first
(going back: its last). An event that follows itself is one step. Events of one instant follow each
other in the order in which they were accepted.

Steps may be screens or pages instead of events. What is no step, for it is left out or has no
screen, still keeps a visit together."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.events import screens
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

Direction = Literal["after", "before", "both"]
StepKind = Literal["event", "screen", "page"]

DEFAULT_DEPTH: Final = 4
DEEPEST: Final = 10
DEFAULT_LIMIT: Final = 10
WIDEST: Final = 50
MOST_EXCLUDED: Final = 100
_PAUSE_MS: Final = 30 * 60 * 1000
_REST: Final = ""
"""What stands for the events of a step that do not stand alone: none is called so."""
_NAMES: Final = {"event": "event_name", "screen": screens.of_row(), "page": screens.page_of_row()}
"""What steps are called, a String; blank: a row is none."""


@dataclass(frozen=True, slots=True)
class Through:
    """Paths have this event at this step, as ``Node`` counts steps."""

    step: int
    event_name: str


@dataclass(frozen=True, slots=True)
class FlowsQuery:
    """``event_name``: None is any. ``limit``: how many events of a step stand alone. ``filters``
    are for all events of a path. ``by`` says what steps are: where it is no event, names of events
    are those of screens or pages. ``excluded`` ones are no steps. ``through``: what all paths have
    in common."""

    event_name: str | None
    range: TimeRange
    direction: Direction = "after"
    depth: int = DEFAULT_DEPTH
    limit: int = DEFAULT_LIMIT
    filters: tuple[Filter, ...] = ()
    by: StepKind = "event"
    excluded: tuple[str, ...] = ()
    through: tuple[Through, ...] = ()

    @property
    def steps_after(self) -> int:
        return 0 if self.direction == "before" else self.depth

    @property
    def steps_before(self) -> int:
        return 0 if self.direction == "after" else self.depth


class Node(msgspec.Struct, frozen=True):
    """An event (or screen, or page) at a step: 0 is the event that was asked for, 1 comes after it,
    -1 before it. ``count`` is in paths."""

    id: str
    event_name: str
    step: int
    count: int
    is_value: bool | UnsetType = UNSET
    """Set where the event is one that is called as OTHER."""


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


def checked(query: FlowsQuery) -> FlowsQuery:
    """Raises:
    InvalidQuery: there are no such paths.
    """
    if query.event_name is None and query.direction == "both":
        raise InvalidQuery("direction", "both needs an event_name that the steps are counted from")
    if len(query.excluded) > MOST_EXCLUDED:
        raise InvalidQuery("exclude", f"must not have more than {MOST_EXCLUDED} names")
    if query.event_name in query.excluded:
        raise InvalidQuery("exclude", "must not have the event_name that paths begin with")
    for index, one in enumerate(query.through):
        if not -query.steps_before <= one.step <= query.steps_after:
            raise InvalidQuery(f"through[{index}].step", "must be one of the steps that are shown")
    return query


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


def shape(query: FlowsQuery, rows: Sequence[Sequence[Any]]) -> Flows:
    """The answer that ``rows`` make. Of two events as frequent as each other, the one that sorts
    first stands alone."""
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for step, name, _, count in rows:
        counts[step][name] += count
    labels = {step: _labels(found, query.limit) for step, found in counts.items()}
    nodes: Counter[tuple[int, str]] = Counter()
    links: Counter[tuple[int, str, str]] = Counter()
    for step, name, nearer, count in rows:
        label = labels[step][name]
        nodes[step, label] += count
        if nearer:
            links[step, label, labels[_nearer(step)][nearer]] += count
    return Flows(
        nodes=[
            Node(
                _id(step, label),
                OTHER if label == _REST else label,
                step,
                count,
                True if label == OTHER else UNSET,
            )
            for (step, label), count in sorted(nodes.items(), key=_rank)
        ],
        links=[
            FlowLink(*_ends(step, label, nearer), count)
            for (step, label, nearer), count in sorted(links.items(), key=_rank)
        ],
    )


def _labels(counts: Counter[str], limit: int) -> Mapping[str, str]:
    """What each event of a step is called: _REST past the limit."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: name if place < limit else _REST for place, name in enumerate(ranked)}


def _is_rest(node: Node) -> bool:
    return node.event_name == OTHER and node.is_value is UNSET


def _rank(counted: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
    (step, label, *nearer), count = counted
    return abs(step), step, label == _REST, -count, label, *nearer


def _nearer(step: int) -> int:
    return step - 1 if step > 0 else step + 1


def _id(step: int, label: str) -> str:
    if label == OTHER:
        return f"{step}:={label}"  # not the rest
    return f"{step}:{OTHER if label == _REST else label}"


def _ends(step: int, label: str, nearer: str) -> tuple[str, str]:
    """The ids of a link's nodes, the earlier one first."""
    near, far = _id(_nearer(step), nearer), _id(step, label)
    return (near, far) if step > 0 else (far, near)


def _at(step: int, is_: str, values: Parameters) -> str:
    """Whether a path has a step, and what is there ``is_`` what it should be."""
    side = "after" if step >= 0 else "before"
    place = values.add(abs(step) + 1, "UInt8")
    return f"length({side}) >= {place} AND {side}[{place}] {is_}"


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
    step = _NAMES[query.by]
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
    gathered = (
        f"SELECT {persons.key} AS key, session_id, {rows} AS rows{more} FROM events "
        f"WHERE {where}{only} GROUP BY key, session_id"
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
