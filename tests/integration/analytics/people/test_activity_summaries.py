"""Summaries of what ids did: what they count, and when reads do without."""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

from tests.support.segments import START_MS, alias, event
from tests.support.stitching import LIVE, Node, accepted, seen, started_node, until

from whipstitch.analytics.people import activity, activity_summaries
from whipstitch.analytics.people.activity import Activity
from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.identity.erasure import physical_delete, records
from whipstitch.registry.acceptance import Watermark
from whipstitch.warehouse.connection import Address

_DAY = 86_400 * 10**6


def _did(node: Node, *people: str) -> dict[str, Activity]:
    """What a reading shows."""

    async def read() -> dict[str, Activity]:
        async with SessionFactory(node.store, node.maps).open(LIVE, "test") as reading:
            return await activity.of(reading, people)

    return asyncio.run(read())


def _falsify(node: Node) -> None:
    """What is shown from now on tells whether a summary was read."""
    node.store.query("INSERT INTO activity SELECT * FROM activity")


def test_a_summary_and_what_came_since_are_what_the_rows_say(node: Node) -> None:
    node.load(event(5, distinct_id="a"), event(3, distinct_id="a"), seen("b"))
    node.load(seen("a", **Scope("proj_a", "test")._asdict()))
    assert node.summarize()
    node.load(event(9, distinct_id="a"), alias(10, "a", "user"))
    assert _did(node, "user", "a", "nobody") == {"user": Activity(START_MS + 9, START_MS + 3, 3)}
    node.rewrite()
    node.change_events("OPTIMIZE TABLE events FINAL")
    node.load(event(1, distinct_id="a"))
    assert _did(node, "user") == {"user": Activity(START_MS + 9, START_MS + 1, 4)}
    assert node.summarize()
    assert node.active() == Counter({"user": 4, "b": 1})
    assert node.active(Scope("proj_a", "test")) == Counter({"a": 1})


def test_one_alone_did_the_same_as_beside_others(node: Node) -> None:
    node.load(event(5, distinct_id="a"), seen("b"), alias(6, "a", "user"), alias(7, "x", "a"))
    node.summarize()
    node.load(event(9, distinct_id="x"))
    together = _did(node, "user", "b", "nobody")
    assert together["user"] == Activity(START_MS + 9, START_MS + 5, 2)
    for one in ("user", "b", "nobody"):
        assert _did(node, one) == {who: did for who, did in together.items() if who == one}


def test_rows_whose_patch_is_older_than_a_merge_of_them_are_counted(node: Node) -> None:
    """As where a merge began before a rewrite and ended after it."""
    for number, who in enumerate("aabb"):
        node.load(event(number, distinct_id=who))
    node.load(alias(10, "a", "user"))
    node.change_events("ALTER TABLE events MODIFY SETTING apply_patches_on_merge = 0")
    try:
        node.take_steps()
        node.change_events("OPTIMIZE TABLE events FINAL")
        assert node.active() == Counter({"user": 2, "b": 2})
        assert node.summarize()
        assert node.active() == Counter({"user": 2, "b": 2})
    finally:
        node.change_events("ALTER TABLE events RESET SETTING apply_patches_on_merge")


def test_reads_use_the_summary(node: Node) -> None:
    node.load(seen("a"))
    node.summarize()
    _falsify(node)
    assert _did(node, "a")["a"].events == 2


def test_while_links_change_the_rows_are_counted(node: Node) -> None:
    node.load(seen("a"))
    node.summarize()
    _falsify(node)
    with node.maps.hold() as held:
        node.load(alias(1, "a", "b"))
        node.maps.publish(held)
        assert _did(node, "a", "b")["a"].events == 1
    node.catch_up()


def test_a_summary_is_made_when_there_is_enough_to_count(node: Node) -> None:
    assert not node.summarize()
    node.load(seen("a"), seen("a"))
    assert not node.summarize(rows=2)
    assert node.summarize(rows=1)
    assert not node.summarize()
    node.load(seen("a"), seen("a"))
    assert not node.summarize(rows=2)
    node.load(seen("a"))
    assert node.summarize(rows=2)


def test_only_the_last_two_are_kept(node: Node) -> None:
    made = []
    for _ in range(4):
        node.load(seen("a"))
        node.summarize()
        made.append(node.store.run_in_background(activity_summaries.latest).result().number)
    kept = node.store.query("SELECT DISTINCT summary FROM activity ORDER BY summary")
    assert [row[0] for row in kept] == made[-2:]
    assert node.active() == Counter({"a": 4})


def test_one_that_a_killed_process_had_begun_is_neither_used_nor_kept(node: Node) -> None:
    for _ in range(2):
        node.load(seen("a"))
        node.summarize()
    node.load(seen("a"))
    node.make_summary()
    assert node.active() == Counter({"a": 3})
    assert node.summarize()
    assert node.active() == Counter({"a": 3})
    assert len(node.store.query("SELECT DISTINCT summary FROM activity")) == 2


def test_once_a_day_all_rows_are_counted_anew(node: Node) -> None:
    node.load(seen("a"))
    node.summarize(clock=lambda: 3 * _DAY)
    _falsify(node)
    node.load(seen("a"))
    node.summarize(clock=lambda: 4 * _DAY)
    assert node.active() == Counter({"a": 3})
    node.load(seen("a"))
    node.summarize(clock=lambda: 4 * _DAY + 1)
    assert node.active() == Counter({"a": 3})


def test_an_erasure_takes_the_summary_away(node: Node) -> None:
    node.load(seen("a"), seen("b"), alias(1, "a", "user"))
    node.summarize()
    asked = _erase(node, "a", "user")
    assert node.count("activity") == node.count("activity_summaries") == 0
    assert _did(node, "a", "user", "b").keys() == {"b"}
    assert not node.summarize()

    _purge(node)
    node.store.run_in_background(partial(records.save, erasure=asked.now("done"))).result()

    assert node.summarize()
    assert node.active() == Counter({"b": 1})


def test_one_that_was_begun_before_an_erasure_is_dropped(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    made = node.make_summary()
    assert made is not None
    _erase(node, "a")

    assert not node.publish(made)

    assert node.count("activity") == node.count("activity_summaries") == 0


def test_rows_that_come_late_take_the_summary_away(node: Node) -> None:
    node.load(event(5, distinct_id="a"))
    node.summarize()
    node.load(event(4, distinct_id="a"))
    assert node.count("activity_summaries") == 0
    assert _did(node, "a") == {"a": Activity(START_MS + 5, START_MS + 4, 2)}
    assert node.summarize()
    assert node.active() == Counter({"a": 2})


def test_one_that_was_begun_before_a_row_came_late_is_dropped(node: Node) -> None:
    node.load(event(5, distinct_id="a"))
    node.summarize()
    node.load(event(6, distinct_id="a"))
    made = node.make_summary()
    assert made is not None
    node.load(event(4, distinct_id="a"))
    assert not node.publish(made)
    assert node.count("activity_summaries") == 0


def test_a_summary_has_no_row_beyond_the_watermark(node: Node) -> None:
    node.load(event(5, distinct_id="a"), event(9, distinct_id="a"))
    early = Watermark(accepted(5))
    making = partial(activity_summaries.make, watermark=early, rows=0)
    made = node.store.run_in_background(making).result()
    assert made is not None
    assert node.link(partial(activity_summaries.publish, made=made, current=lambda: early))
    assert node.store.query("SELECT sum(events) FROM activity") == [(1,)]
    assert node.active() == Counter({"a": 2})


def test_a_summary_of_an_earlier_process_is_taken_away_by_late_rows(
    node: Node, store_address: Address, tmp_path: Path
) -> None:
    node.load(event(5, distinct_id="a"))
    node.summarize()
    with started_node(store_address, tmp_path) as later:
        later.load(event(4, distinct_id="a"))
        assert later.count("activity_summaries") == 0


def _erase(node: Node, *ids: str) -> records.Erasure:
    """Up to where it is hidden."""
    asked: records.Erasure = node.link(
        partial(node.record.add, scope=LIVE, ids=ids, accepted=accepted(10**7))
    )
    node.link(partial(node.linker.forget, scope=LIVE, ids=ids, accepted=accepted(10**7)))
    return asked


def _purge(node: Node) -> None:
    """What is hidden goes from the disk."""
    for one in node.store.run_in_background(physical_delete.plan).result().rewrites:
        node.store.run_in_background(partial(physical_delete.begin, rewrite=one)).result()
        until(lambda: not node.store.run_in_background(physical_delete.rewrites_run).result())
