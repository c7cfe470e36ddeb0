"""The lexicon against what small worlds hold."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.identity import Rows
from tests.support.reference import START, Event, World, Worlds

from whipstitch.analytics.events import lexicon, lexicon_traits
from whipstitch.analytics.events.lexicon_properties import NEWEST
from whipstitch.analytics.events.lexicon_query import LexiconPosition, LexiconQuery
from whipstitch.analytics.events.pages import position_of
from whipstitch.analytics.expressions.properties import PROMOTED
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.session import QuerySession
from whipstitch.core.projects import Scope

_HOURS = 100
_RANGE = TimeRange(START, START + timedelta(hours=_HOURS))
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}


def _type(value: Any) -> str:
    # ClickHouse reads what 64 bits cannot hold as text.
    return "string" if isinstance(value, int) and value >= 2**64 else _TYPES[type(value)]


def _ask(worlds: Worlds, world: World, query: LexiconQuery) -> tuple[Any, str | None]:
    page = worlds.read(world.scope(), partial(lexicon.page, query=query))
    return json.loads(msgspec.json.encode(page))["events"], page.next_cursor


def _leaves(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{prefix}{name}.")
        elif one is not None:
            yield prefix + name, one


def _described(events: list[Event]) -> dict[str, dict[str, Any]]:
    types: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        columns = {name: value for name, value in event.columns.items() if value}
        places = [
            ("properties.", event.properties),
            ("default_properties.", event.default_properties),
        ]
        for name, value in columns.items():
            types[name].add(_TYPES[type(value)])
        for place, source in places:
            for name, value in _leaves(dict(source)):
                named = f"{place}{name}" if name in PROMOTED else name
                types[named].add(_type(value))
    return {name: {"types": sorted(found)} for name, found in types.items()} | {
        "$bot": {"types": ["boolean"]}
    }


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_it_lists_what_there_is(worlds: Worlds, seed: int) -> None:
    world = worlds.put(reference.random_world(Random(seed)))  # noqa: S311

    listed, cursor = _ask(worlds, world, LexiconQuery(_RANGE))

    by_name: defaultdict[str, list[Event]] = defaultdict(list)
    for event in world.matching(None, [], 0, _HOURS * reference.HOUR_MS):
        by_name[event.name].append(event)
    assert cursor is None
    assert [entry["event_name"] for entry in listed] == sorted(by_name)
    for entry in listed:
        events = by_name[entry["event_name"]]
        assert entry["count"] == len(events)
        for field, at in (("first_seen", min), ("last_seen", max)):
            moment = START + timedelta(milliseconds=at(event.at for event in events))
            assert entry[field] == moment.isoformat(timespec="milliseconds")[:-6] + "Z"
        found = {one["name"]: {"types": one["types"]} for one in entry["properties"]}
        assert found == _described(events)


def test_samples_are_the_most_frequent_values_as_json(worlds: Worlds) -> None:
    values = ["é \"x'", "é \"x'", 1.5, 1.5, 1.5, True, [1, "a"], "y" * 300, None, {}]
    events = [Event("view", "ann", at, {"p": value}) for at, value in enumerate(values)]
    world = worlds.put(World(events))

    ((entry,), _) = _ask(worlds, world, LexiconQuery(_RANGE))

    (found,) = (one for one in entry["properties"] if one["name"] == "p")
    assert found["types"] == ["array", "boolean", "number", "string"]
    assert found["samples"][:2] == [1.5, "é \"x'"]
    assert sorted(map(str, found["samples"][2:])) == ["True", "[1, 'a']"]


def test_promoted_names_are_columns_and_what_was_sent_is_named_by_its_place(
    worlds: Worlds,
) -> None:
    sent = {"$os": "iOS 17", "$country": "Nowhere", "$session_id": "s1"}
    world = worlds.put(World([Event("view", "ann", 0, sent, columns={"$os": "ios"})]))

    ((entry,), _) = _ask(worlds, world, LexiconQuery(_RANGE))

    assert {one["name"]: one["samples"] for one in entry["properties"]} == {
        "$os": ["ios"],
        "$bot": [False],
        "properties.$os": ["iOS 17"],
        "properties.$country": ["Nowhere"],
        "properties.$session_id": ["s1"],
    }


def test_pages_and_search_go_by_the_events_name(worlds: Worlds) -> None:
    names = ["Älpha", "alpha", "beta's", "beta {x:String}", "gamma"]
    world = worlds.put(World([Event(name, "ann", at) for at, name in enumerate(names)]))
    seen: list[str] = []
    query = LexiconQuery(_RANGE, limit=2)
    while True:
        page, cursor = _ask(worlds, world, query)
        seen += [entry["event_name"] for entry in page]
        if cursor is None:
            break
        query = LexiconQuery(_RANGE, limit=2, after=position_of(cursor, LexiconPosition))

    assert seen == sorted(names)
    for search, expected in {
        "BETA": ["beta {x:String}", "beta's"],
        "äl": ["Älpha"],
        "A\u0308L": ["Älpha"],
        "'": ["beta's"],
        "none": [],
    }.items():
        page, _ = _ask(worlds, world, LexiconQuery(_RANGE, search=search))
        assert [entry["event_name"] for entry in page] == expected


def test_only_the_newest_are_looked_at(worlds: Worlds) -> None:
    old = [Event("view", "ann", at, {"old": 1}) for at in range(50)]
    new = [Event("view", "ann", 1000 + at, {"new": 1}) for at in range(NEWEST)]
    world = worlds.put(World([*new, *old]))

    ((entry,), _) = _ask(worlds, world, LexiconQuery(_RANGE))

    assert entry["count"] == len(old) + len(new)
    assert {one["name"] for one in entry["properties"]} == {"new", "$bot"}


def test_heavy_occurrences_are_looked_at_up_to_a_share_for_each_event(worlds: Worlds) -> None:
    padding = "x" * 60_000
    names = [f"view {number}" for number in range(50)]
    heavy = [
        Event(name, "ann", at, {f"at_{at}": 1, "padding": padding})
        for name in names
        for at in range(8)
    ]
    light = [Event("tap", "ann", at, {f"at_{at}": 1}) for at in range(8)]
    world = worlds.put(World([*heavy, *light]))

    listed, _ = _ask(worlds, world, LexiconQuery(_RANGE))

    described = {
        entry["event_name"]: {one["name"] for one in entry["properties"]} for entry in listed
    }
    assert described.pop("tap") == {f"at_{at}" for at in range(8)} | {"$bot"}
    assert described.keys() == set(names)
    for properties in described.values():
        assert {"at_7", "padding"} <= properties
        assert "at_0" not in properties


def test_the_most_common_traits_are_described_where_one_person_has_very_many(rows: Rows) -> None:
    for who in ("ann", "bob"):
        rows.traits(who, 1, plan='"pro"')
    rows.traits("cid", 1, **{f"trait {number}": str(number) for number in range(2_000)})

    answer = json.loads(msgspec.json.encode(rows.read(_traits)))["traits"]

    assert len(answer) == 500
    assert {"name": "plan", "types": ["string"], "samples": ["pro"]} in answer


def test_traits_are_what_is_known_of_people_now(rows: Rows) -> None:
    rows.traits("ann", 1, plan='"free"', city='"Rome"', company='{"size": 12, "tags": [1]}')
    rows.traits("ann", 2, plan='"pro"', city=None, nothing="null", blank="{}")
    rows.traits("bob", 1, plan='"pro"', essay=f'"{"x" * 300}"')
    rows.traits("cid", 1, plan="7", **{"it's": "true"})
    rows.elsewhere(Scope("proj_a", "test")).traits("dan", 1, elsewhere="1")

    answer = rows.read(_traits)

    assert json.loads(msgspec.json.encode(answer))["traits"] == [
        {"name": "company.size", "types": ["number"], "samples": [12]},
        {"name": "company.tags", "types": ["array"], "samples": [[1]]},
        {"name": "essay", "types": ["string"], "samples": []},
        {"name": "it's", "types": ["boolean"], "samples": [True]},
        {"name": "plan", "types": ["number", "string"], "samples": ["pro", 7]},
    ]


async def _traits(reading: QuerySession) -> lexicon_traits.TraitsAnswer:
    return lexicon_traits.shape_traits(await reading.run(lexicon_traits.traits()))
