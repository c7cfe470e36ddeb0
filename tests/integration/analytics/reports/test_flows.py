"""Flows against a plain-Python walk through small worlds."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import Event, World, Worlds

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import flows
from whipstitch.analytics.reports.flow_answer import FlowLink, Flows, Node, shape
from whipstitch.analytics.reports.flow_query import (
    Direction,
    FlowsQuery,
    StepKind,
    Through,
    checked,
)
from whipstitch.analytics.reports.flows import FlowSelector
from whipstitch.core.errors import InvalidQuery

_MINUTE = 60_000
_END = 400 * _MINUTE
_RANGE = TimeRange(reference.START, reference.START + timedelta(milliseconds=_END))
_NAMES = ("view", "cart", "buy", "it's {x:String} \\", "$other")

_events = st.lists(
    st.builds(
        Event,
        name=st.sampled_from(_NAMES),
        sent_id=st.sampled_from(reference.IDS[:4]),
        # Many at one instant, many exactly half an hour apart.
        at=st.integers(-2, 30).map(lambda step: step * 15 * _MINUTE)
        | st.integers(0, 40).map(lambda step: step * 10 * _MINUTE + step % 3),
        properties=st.fixed_dictionaries(
            {},
            optional={
                "$screen_name": st.sampled_from(["home", "cart", ""]),
                "$pathname": st.sampled_from(["/", "/cart"]),
                "$current_url": st.sampled_from(["https://a.example/cart?x=1", "/", 3]),
            },
        ),
        columns=st.fixed_dictionaries(
            {"$session_id": st.sampled_from(["", "", "s1", "s2"])},
            optional={"$os": st.sampled_from(["ios", "web"])},
        ),
        environment=st.sampled_from(["live", "live", "live", "test"]),
    ),
    min_size=1,
    max_size=30,
)


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    parents = draw(
        st.sampled_from([{}, {"anon1": "ann"}, {"anon1": "bob", "bob": "ann"}, {"bob": "ann"}])
    )
    waiting = draw(st.sets(st.sampled_from(sorted(parents)))) if parents else set()
    return World(draw(_events), parents, frozenset(waiting))


_filters = st.sampled_from([[], [{"property": "$os", "operator": "is", "value": "ios"}]])


def _query(
    name: str | None, direction: Direction, depth: int, limit: int, chosen: Any, **more: Any
) -> FlowsQuery:
    parsed = filters.parse(chosen, "filters")
    return FlowsQuery(name, _RANGE, direction, depth, limit, parsed, **more)


def _ask(worlds: Worlds, world: World, query: FlowsQuery) -> Flows:
    async def ask(reading: Any) -> Flows:
        return shape(query, await reading.run(flows.build(query, reading.persons)))

    return worlds.read(world.scope(), ask)


def _people(
    worlds: Worlds, world: World, query: FlowsQuery, answer: Flows, nodes: list[str]
) -> list[str]:
    async def ask(reading: Any) -> list[str]:
        page = drill_down.parse(None, None)
        rows = await reading.run(
            flows.people(query, FlowSelector(answer, nodes), page, reading.persons)
        )
        return drill_down.shape(page, rows).people

    return sorted(worlds.read(world.scope(), ask))


def _paths(world: World, query: FlowsQuery, chosen: Any) -> list[tuple[str, dict[int, str]]]:
    """Each path, by steps, and whose it is."""
    visits: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    found = world.matching(None, chosen, 0, _END)
    for event in sorted(found, key=lambda one: one.at):  # stable: in the order of acceptance
        visits[world.person(event.sent_id), event.columns["$session_id"]].append(event)
    paths = []
    for (person, session), events in visits.items():
        for part in [events] if session else _parts(events):
            called = (_called(event, query.by) for event in part)
            steps = [name for name in called if name and name not in query.excluded]
            names = [name for name, _ in groupby(steps)]
            if not names or query.event_name not in (None, *names):
                continue
            first = 0 if query.direction == "after" else len(names) - 1
            if query.event_name is not None:
                first = names.index(query.event_name)
            path = {
                place - first: name
                for place, name in enumerate(names)
                if -query.steps_before <= place - first <= query.steps_after
            }
            if all(path.get(one.step) == one.event_name for one in query.through):
                paths.append((person, path))
    return paths


def _called(event: Event, by: StepKind) -> str:
    if by == "event":
        return event.name
    sent = {key: value for key, value in event.properties.items() if isinstance(value, str)}
    path = sent.get("$pathname", "")
    if by == "screen":
        return sent.get("$screen_name") or path
    return path or urlsplit(sent.get("$current_url", "")).path


def _parts(events: list[Event]) -> list[list[Event]]:
    parts: list[list[Event]] = []
    for event in events:
        if not parts or event.at - parts[-1][-1].at > 30 * _MINUTE:
            parts.append([])
        parts[-1].append(event)
    return parts


def _expected(
    paths: list[tuple[str, dict[int, str]]], query: FlowsQuery
) -> tuple[dict[str, set[int]], dict[tuple[str, str], set[int]]]:
    """Nodes and links, and the paths that go through them."""
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for _, path in paths:
        for step, name in path.items():
            counts[step][name] += 1
    nodes: defaultdict[str, set[int]] = defaultdict(set)
    links: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, (_, path) in enumerate(paths):
        ids = []
        for step, name in sorted(path.items()):
            ranked = sorted(counts[step], key=lambda one: (-counts[step][one], one))
            label = OTHER
            if name in ranked[: query.limit]:
                label = f"={name}" if name == OTHER else name
            ids.append(f"{step}:{label}")
            nodes[ids[-1]].add(number)
        for ends in pairwise(ids):
            links[ends].add(number)
    return dict(nodes), dict(links)


@settings(max_examples=16, deadline=None)
@given(
    world=_worlds(),
    name=st.sampled_from([*_NAMES, None]),
    direction=st.sampled_from(["after", "before", "both"]),
    depth=st.integers(1, 4),
    limit=st.integers(1, 3),
    chosen=_filters,
    by=st.sampled_from(["event", "event", "screen", "page"]),
    excluded=st.sampled_from([(), (), ("cart", "/")]),
    data=st.data(),
)
def test_nodes_links_and_people_are_those_of_a_walk_through_all_visits(
    worlds: Worlds,
    world: World,
    name: str | None,
    direction: Direction,
    depth: int,
    limit: int,
    chosen: Any,
    by: StepKind,
    excluded: tuple[str, ...],
    data: st.DataObject,
) -> None:
    if by != "event":
        name = {"view": "home", "cart": "cart", "buy": "/cart"}.get(name or "")
    if name is None and direction == "both":
        direction = "after"
    if name in excluded:
        excluded = ()
    worlds.put(world)
    query = _query(name, direction, depth, limit, chosen, by=by, excluded=excluded)
    paths = _paths(world, query, chosen)
    steps = sorted({one for _, path in paths for one in path.items()})
    narrowed = data.draw(st.booleans())
    if steps and narrowed:
        two = [data.draw(st.sampled_from(steps)) for _ in range(2)]
        query = checked(replace(query, through=tuple(Through(*one) for one in two)))
        paths = _paths(world, query, chosen)
    nodes, links = _expected(paths, query)

    answer = _ask(worlds, world, query)

    assert {one.id: one.count for one in answer.nodes} == {
        id_: len(through) for id_, through in nodes.items()
    }
    assert {(one.source, one.target): one.count for one in answer.links} == {
        ends: len(through) for ends, through in links.items()
    }
    for node in answer.nodes:
        assert node.id == f"{node.step}:{'=' if node.is_value is True else ''}{node.event_name}"
    for ids, through in [*(([id_], found) for id_, found in nodes.items()), *links.items()][-2:]:
        people = _people(worlds, world, query, answer, list(ids))
        assert people == sorted({paths[number][0] for number in through})


def test_the_most_frequent_stand_first_and_the_rest_last(worlds: Worlds) -> None:
    ways = [("a", "b"), ("a", "b"), ("a", "c"), ("a", "c"), ("a", "d"), ("a", "$other"), ("a", "e")]
    events = [
        Event(name, f"user{number}", step, columns={"$session_id": ""})
        for number, way in enumerate(ways)
        for step, name in enumerate(way)
    ]
    world = worlds.put(World(events))

    answer = _ask(worlds, world, _query("a", "after", 1, 2, []))

    assert [(one.id, one.count) for one in answer.nodes] == [
        ("0:a", 7),
        ("1:b", 2),
        ("1:c", 2),
        ("1:$other", 3),
    ]
    assert [(one.source, one.target, one.count) for one in answer.links] == [
        ("0:a", "1:b", 2),
        ("0:a", "1:c", 2),
        ("0:a", "1:$other", 3),
    ]


def test_an_event_that_nobody_did_has_no_paths(worlds: Worlds) -> None:
    world = worlds.put(World([Event("view", "ann", 0, columns={"$session_id": ""})]))

    answer = _ask(worlds, world, _query("buy", "before", 3, 3, []))

    assert (answer.nodes, answer.links) == ([], [])


def test_what_is_no_step_keeps_a_visit_together(worlds: Worlds) -> None:
    columns = {"$session_id": ""}
    names = ["a", "beat", "b"]
    events = [
        Event(name, "ann", at * 20 * _MINUTE, columns=columns) for at, name in enumerate(names)
    ]
    world = worlds.put(World(events))

    answer = _ask(worlds, world, _query("a", "after", 2, 3, [], excluded=("beat",)))

    assert [one.id for one in answer.nodes] == ["0:a", "1:b"]


def test_other_projects_and_environments_are_not_seen(worlds: Worlds) -> None:
    event = Event("view", "ann", 0, columns={"$session_id": ""})
    worlds.put(World([event]))
    world = worlds.put(World([Event("view", "ann", 0, columns=event.columns, environment="test")]))

    assert _ask(worlds, world, _query("view", "after", 1, 1, [])).nodes == []


@pytest.mark.parametrize(
    ("node", "link", "field"),
    [
        (None, None, "people_of"),
        ("0:a", ["0:a", "1:b"], "people_of"),
        ("1:gone", None, "people_of.node"),
        (None, ["1:b", "0:a"], "people_of.link"),
    ],
)
def test_people_of_what_is_not_in_the_answer_is_refused(
    node: str | None, link: list[str] | None, field: str
) -> None:
    answer = Flows(
        nodes=[Node("0:a", "a", 0, 1), Node("1:b", "b", 1, 1)],
        links=[FlowLink("0:a", "1:b", 1)],
    )

    with pytest.raises(InvalidQuery) as refused:
        flows.chosen(answer, node, link)

    assert refused.value.field == field
