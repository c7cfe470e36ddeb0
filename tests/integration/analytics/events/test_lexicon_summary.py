"""What a summary has for the lexicon: it says what the rows say, and forgets what they lose."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.segments import START_MS, alias, event
from tests.support.stitching import LIVE, Node, accepted, seen, until

from whipstitch.analytics.events import lexicon
from whipstitch.analytics.events.lexicon_properties import MOST_PROPERTIES
from whipstitch.analytics.events.lexicon_query import LexiconPosition, LexiconQuery
from whipstitch.analytics.events.pages import position_of
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.identity.erasure import physical_delete, records

_DAY_MS = 86_400_000
_DAY = _DAY_MS * 1000

_ALL = TimeRange(datetime(1900, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC))


def _page(node: Node, query: LexiconQuery, scope: Scope = LIVE) -> dict[str, Any]:
    async def read() -> lexicon.Lexicon:
        async with SessionFactory(node.store, node.maps).open(scope, "somebody") as reading:
            return await lexicon.page(reading, query)

    answer: dict[str, Any] = json.loads(msgspec.json.encode(asyncio.run(read())))
    return answer


def _listed(node: Node, range_: TimeRange = _ALL, scope: Scope = LIVE) -> dict[str, Any]:
    return {one["event_name"]: one for one in _page(node, LexiconQuery(range_), scope)["events"]}


def _properties(node: Node, event_name: str = "visited") -> dict[str, Any]:
    """Of what was sent, with types and samples."""
    return {
        one["name"]: (one["types"], one["samples"])
        for one in _listed(node)[event_name]["properties"]
        if not one["name"].startswith(("$", "default_properties."))
    }


def _said(node: Node, **properties: Any) -> None:
    node.load(seen("a", properties=json.dumps(properties)))


def _falsify(node: Node) -> None:
    """What is listed from now on tells whether a summary was read."""
    node.store.query("INSERT INTO lexicon_days SELECT * FROM lexicon_days")


def _forget_summaries(node: Node) -> None:
    node.store.query("TRUNCATE TABLE activity_summaries")


# Each example has a project of its own.
@settings(max_examples=examples(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_summary_and_what_came_since_list_what_the_rows_list(node: Node, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    scope = Scope(f"proj_{seed}", "live")

    def some() -> list[bytes]:
        return [
            seen(
                "a",
                **scope._asdict(),
                event_name=random.choice(("view", "Äpfel", "it's")),
                timestamp=START_MS + random.randrange(-3 * _DAY_MS, 3 * _DAY_MS),
                properties=json.dumps(
                    {random.choice("pq"): random.choice([1, "x", True, None, {"in": [2]}])}
                ),
            )
            for _ in range(random.randrange(1, 12))
        ]

    def moment() -> datetime:
        of_day = random.choice((timedelta(), timedelta(milliseconds=random.randrange(_DAY_MS))))
        return datetime(2026, 1, 29, tzinfo=UTC) + timedelta(days=random.randrange(8)) + of_day

    for _ in range(random.randrange(1, 4)):
        node.load(*some())
        node.summarize()
    node.load(*some())
    ranges = [_ALL, *(TimeRange(*sorted((moment(), moment()))) for _ in range(4))]
    summed_up = [_listed(node, one, scope) for one in ranges]
    _forget_summaries(node)
    of_rows = [_listed(node, one, scope) for one in ranges]

    assert [_without_properties(one) for one in summed_up] == [
        _without_properties(one) for one in of_rows
    ]
    assert _types(summed_up[0]) == _types(of_rows[0])
    for known, there in zip(summed_up, of_rows, strict=True):
        assert all(_types(there)[name].items() <= _types(known)[name].items() for name in there)


def _without_properties(listed: dict[str, Any]) -> dict[str, Any]:
    return {name: {**one, "properties": None} for name, one in listed.items()}


def _types(listed: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        name: {
            f"{one['name']} {type_}": type_ for one in entry["properties"] for type_ in one["types"]
        }
        for name, entry in listed.items()
    }


def test_pages_go_by_name_where_there_are_very_many(node: Node) -> None:
    names = sorted(f"event {number}" for number in range(1_000))
    for some in (names[::2], names[1::2]):
        node.load(*(seen("a", event_name=name) for name in some))
        node.summarize()
    node.load(seen("a", event_name="event 500"), seen("a", event_name="newest"))
    found: list[str] = []
    cursor = None
    while True:
        after = position_of(cursor, LexiconPosition) if cursor else None
        page = _page(node, LexiconQuery(_ALL, 200, after=after))
        assert all(one["properties"] for one in page["events"])
        found += [one["event_name"] for one in page["events"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == [*names, "newest"]


def test_reads_use_the_summary_but_for_days_that_are_not_whole_in_the_range(node: Node) -> None:
    node.load(seen("a", timestamp=START_MS), seen("a", timestamp=START_MS + _DAY_MS))
    node.summarize()
    _falsify(node)
    noon = datetime(2026, 2, 1, 12, tzinfo=UTC)
    for days, count in ((1, 1), (2, 3), (3, 4)):
        listed = _listed(node, TimeRange(noon, noon + timedelta(days=days)))
        assert listed["visited"]["count"] == count


def test_what_is_repeated_undone_or_rewritten_counts_once(node: Node) -> None:
    rows = [event(number, distinct_id="a") for number in range(5)]
    node.load(*rows)
    node.summarize()
    node.load(*rows, event(9, distinct_id="b"), alias(10, "a", "user"))
    assert _listed(node)["visited"]["count"] == 6
    node.rewrite()
    node.summarize()
    node.undo("a", 20)
    node.rewrite()
    node.load(*rows)
    node.summarize()
    assert _listed(node)["visited"]["count"] == 6


def test_what_is_rare_stays_and_what_is_frequent_now_comes_first(node: Node) -> None:
    _said(node, rare="once")
    for _ in range(4):
        for _ in range(6):
            _said(node, plan="old")
        node.summarize()
    for _ in range(5):
        for _ in range(6):
            _said(node, plan="new")
        node.summarize()
    assert _properties(node) == {
        "plan": (["string"], ["new", "old"]),
        "rare": (["string"], ["once"]),
    }


def test_long_values_are_no_samples_and_have_their_type(node: Node) -> None:
    _said(node, essay="x" * 300, list=[1] * 300, path={"to": {"it": {"deep": 1}}})
    node.summarize()
    _falsify(node)
    assert _properties(node) == {
        "essay": (["string"], []),
        "list": (["array"], []),
        "path.to.it": (["object"], [{"deep": 1}]),
    }


def test_of_very_many_properties_the_most_frequent_are_listed(node: Node) -> None:
    for _ in range(2):
        _said(node, always=1)
        _said(node, **{f"p{number}": number for number in range(600)})
        _said(node, always=1)
        (entry,) = _listed(node).values()
        assert entry["more_properties"]
        assert len(entry["properties"]) == MOST_PROPERTIES
        (found,) = (one for one in entry["properties"] if one["name"] == "always")
        assert (found["types"], found["samples"]) == (["number"], [1])
        node.summarize()


def test_what_an_erased_person_did_is_forgotten_at_once(node: Node) -> None:
    node.load(seen("b", properties='{"plan": "pro"}'))
    node.load(seen("a", event_name="wrote to ann@example.com", properties='{"ann": "secret"}'))
    node.summarize()
    asked = _erase(node, "a")
    assert node.count("lexicon_days") == node.count("lexicon_values") == 0
    assert _listed(node).keys() == {"visited"}
    assert _properties(node) == {"plan": (["string"], ["pro"])}
    for one in node.store.run_in_background(physical_delete.plan).result().rewrites:
        node.store.run_in_background(partial(physical_delete.begin, rewrite=one)).result()
        until(lambda: not node.store.run_in_background(physical_delete.rewrites_run).result())
    node.store.run_in_background(partial(records.save, erasure=asked.now("done"))).result()
    assert node.summarize()
    assert _listed(node).keys() == {"visited"}
    assert _properties(node) == {"plan": (["string"], ["pro"])}


def test_one_that_was_being_made_while_somebody_was_erased_is_dropped(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    made = node.make_summary()
    assert made is not None
    _erase(node, "a")
    assert not node.publish(made)
    assert node.count("lexicon_days") == node.count("lexicon_values") == 0
    assert _listed(node)["visited"]["count"] == 1


def test_what_expired_is_forgotten_when_all_is_counted_anew(node: Node) -> None:
    node.load(seen("a", timestamp=START_MS - 40 * _DAY_MS, properties='{"then": "x", "both": 1}'))
    node.load(seen("a", timestamp=START_MS, properties='{"now": 1, "both": 2}'))
    node.load(seen("a", timestamp=START_MS - 40 * _DAY_MS, event_name="gone"))
    node.summarize(clock=lambda: 3 * _DAY)
    node.change_events(f"ALTER TABLE events DELETE WHERE timestamp < {START_MS - _DAY_MS} / 1000")
    until(lambda: node.count("events") == 1)
    node.load(seen("a", timestamp=START_MS, properties='{"now": 1}'))
    node.summarize(clock=lambda: 5 * _DAY)
    assert _listed(node)["visited"]["count"] == 2
    assert _listed(node).keys() == {"visited"}
    assert _properties(node) == {"both": (["number"], [2]), "now": (["number"], [1])}


def test_what_was_there_in_a_range_is_listed_though_other_values_are_more_frequent_now(
    node: Node,
) -> None:
    for day in range(40):
        node.load(seen("a", timestamp=START_MS + day * _DAY_MS, properties=f'{{"id": "{day}"}}'))
    node.summarize()
    first = datetime(2026, 2, 2, tzinfo=UTC)
    (entry,) = _listed(node, TimeRange(first, first + timedelta(days=2))).values()
    (found,) = (one for one in entry["properties"] if one["name"] == "id")
    assert (entry["count"], found["types"]) == (2, ["string"])


def test_scopes_are_kept_apart(node: Node) -> None:
    other = Scope("proj_a", "test")
    node.load(seen("a", properties='{"p": 1}'), seen("a", **other._asdict()))
    node.summarize()
    assert "p" in _properties(node)
    (there,) = _listed(node, scope=other).values()
    assert (there["count"], [one["name"] for one in there["properties"] if one["name"] == "p"]) == (
        1,
        [],
    )


def _erase(node: Node, *ids: str) -> records.Erasure:
    """Up to where it is hidden."""
    asked: records.Erasure = node.link(
        partial(node.record.add, scope=LIVE, ids=ids, accepted=accepted(10**7))
    )
    node.link(partial(node.linker.forget, scope=LIVE, ids=ids, accepted=accepted(10**7)))
    return asked
