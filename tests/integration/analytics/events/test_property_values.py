"""The values of a property, with counts, against what small worlds hold."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.reference import START, START_MS, Event, Update, World, Worlds

from whipstitch.analytics.events import property_values
from whipstitch.analytics.events.property_values import (
    MOST_EVENTS,
    ValuesAnswer,
    ValuesQuery,
    newest_of,
)

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_DAY_MS = 86_400_000


def _ask(worlds: Worlds, world: World, query: ValuesQuery) -> ValuesAnswer:
    return worlds.read(world.scope(), partial(property_values.of, query=query, now=_NOW))


def _counts(worlds: Worlds, world: World, property_: str, **options: Any) -> list[tuple[str, int]]:
    answer = _ask(worlds, world, ValuesQuery(property_, **options))
    assert not answer.approximate
    return [(one.value, one.count) for one in answer.values]


@settings(max_examples=examples(4))
@given(seed=st.integers(0, 2**32))
def test_they_are_counted_as_breakdowns_tell_them_apart(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    events = [one for one in world.events if one.environment == "live"]
    names = {name for one in events for name in one.properties if "." not in name}
    for name in sorted(names):
        for event_name in (None, reference.NAMES[0]):
            counted = Counter(
                value
                for one in events
                if event_name in (None, one.name)
                and (value := reference.text(world.value(one, name))) is not None
            )
            found = _counts(worlds, world, name, event_name=event_name, limit=1000)
            assert found == sorted(counted.items(), key=lambda one: (-one[1], one[0].encode()))


def test_search_and_limit(worlds: Worlds) -> None:
    sent = ["/Pricing", "/pricing", "/pricing", "/docs", "/Ärger", 12, 12.5, ["a", "b"], {"a": 1}]
    events = [Event("view", "ann", at, {"url": value}) for at, value in enumerate(sent)]
    world = worlds.put(World([*events, Event("tap", "ann", 0, {"url": "/pricing"})]))

    assert _counts(worlds, world, "url", limit=2) == [("/pricing", 3), ("/Pricing", 1)]
    assert _counts(worlds, world, "url", search="PRIC") == [("/pricing", 3), ("/Pricing", 1)]
    assert _counts(worlds, world, "url", search="a\u0308R") == [("/Ärger", 1)]
    assert _counts(worlds, world, "url", search="12") == [("12", 1), ("12.5", 1)]
    assert _counts(worlds, world, "url", search='"a"') == [('["a","b"]', 1)]
    assert _counts(worlds, world, "url", event_name="tap") == [("/pricing", 1)]
    assert _counts(worlds, world, "url", event_name="none") == []
    assert _counts(worlds, world, "url.a") == [("1", 1)]


def test_default_properties_and_the_servers_own_have_values_too(worlds: Worlds) -> None:
    world = worlds.put(
        World(
            [
                Event("view", "anon1", 0, {"$os": "iOS 17"}, {"plan": "free"}, {"$os": "ios"}),
                Event("view", "ann", 1, {"plan": "pro"}, {"plan": "free"}),
                Event("view", "ann", 2, {"long": "x" * 2000}),
            ],
            {"anon1": "ann"},
            frozenset({"anon1"}),
        )
    )
    assert _counts(worlds, world, "plan") == [("free", 1), ("pro", 1)]
    assert _counts(worlds, world, "default_properties.plan") == [("free", 2)]
    assert _counts(worlds, world, "$os") == [("ios", 1)]
    assert _counts(worlds, world, "properties.$os") == [("iOS 17", 1)]
    assert _counts(worlds, world, "$distinct_id") == [("ann", 3)]
    assert _counts(worlds, world, "long") == []


def test_traits_are_counted_by_people(worlds: Worlds) -> None:
    updates = [
        Update("ann", "plan", "free", 1),
        Update("anon1", "plan", "pro", 2),
        Update("bob", "plan", "pro", 1),
        Update("cid", "plan", "old", 1),
        Update("cid", "plan", None, 2),
        Update("bob", "company", {"size": 3}, 2),
        Update("bob", "$email", "bob@example.com", 2),
    ]
    world = worlds.put(World([Event("view", "ann", 0)], {"anon1": "ann"}, frozenset(), updates))
    assert _counts(worlds, world, "plan", on="person") == [("pro", 2)]
    assert _counts(worlds, world, "plan", on="person", search="FR") == []
    assert _counts(worlds, world, "company.size", on="person") == [("3", 1)]
    assert _counts(worlds, world, "email", on="person") == [("bob@example.com", 1)]


def test_of_very_many_events_the_newest_are_counted_and_the_answer_says_so(
    worlds: Worlds,
) -> None:
    world = worlds.put(World([Event("view", "ann", 0, {"p": "old"})]))
    worlds.command(
        "INSERT INTO events (project_id, environment, event_name, timestamp, received_at, id, "
        f"distinct_id, sent_id, properties) SELECT '{world.project_id}', 'live', 'view', "
        f"fromUnixTimestamp64Milli({START_MS} + {10 * _DAY_MS} + number, 'UTC'), now64(3), "
        "toString(number), 'ann', 'ann', '{\"p\":\"new\"}' "
        f"FROM numbers({2 * MOST_EVENTS})"
    )
    answer = _ask(worlds, world, ValuesQuery("p"))
    assert answer.approximate
    ((value, count),) = [(one.value, one.count) for one in answer.values]
    assert value == "new"
    assert MOST_EVENTS <= count <= MOST_EVENTS + 2
    assert answer.since is not None
    since = datetime.fromisoformat(answer.since)
    assert since > START + timedelta(days=10)
    assert _counts(worlds, world, "p", event_name="tap") == []


def test_days_in_the_future_are_not_the_newest_ones() -> None:
    def day(number: int, events: int) -> tuple[int, int, int, int]:
        start = int(_NOW.timestamp() * 1000) + number * _DAY_MS
        return number, events, start, start + _DAY_MS - 1

    many = MOST_EVENTS
    assert newest_of([day(0, many)], _NOW) is None
    assert newest_of([day(900, many), day(-1, many), day(-2, 1)], _NOW) == day(-1, 0)[2]
    assert newest_of([day(900, many), day(-1, 5), day(-2, 1)], _NOW) is None
    assert newest_of([day(900, many), day(901, 1)], _NOW) == day(900, 0)[2]
    half = newest_of([day(0, many // 2), day(-1, many)], _NOW)
    assert half is not None
    assert abs(half - (day(-1, 0)[2] + _DAY_MS // 2)) < 10
