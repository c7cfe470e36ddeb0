from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest

from whipstitch.demo.story import Delivery, Story
from whipstitch.ingest.validation.ids import is_garbage

NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)
STORY = Story(NOW, people=600)


def operations(delivery: Delivery) -> list[tuple[str, dict[str, Any]]]:
    """The kind and payload of each, however it is sent."""
    kind = delivery.path.rpartition("/")[2]
    if kind != "batch":
        return [(kind, delivery.body)]
    return [(one["type"], one["payload"]) for one in delivery.body["operations"]]


def told(story: Story) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Number of the person, kind and payload of every operation."""
    for number in range(story.people):
        for delivery in story.history(number):
            for kind, payload in operations(delivery):
                yield number, kind, payload


@pytest.fixture(scope="module")
def everything() -> list[tuple[int, str, dict[str, Any]]]:
    return list(told(STORY))


def test_the_same_story_is_told_twice() -> None:
    again = Story(NOW, people=20)

    assert [again.history(n) for n in range(20)] == [STORY.history(n) for n in range(20)]
    assert replace(again, seed=2).history(3) != again.history(3)


def test_fewer_come_further_at_every_step(
    everything: list[tuple[int, str, dict[str, Any]]],
) -> None:
    who: dict[str, set[int]] = defaultdict(set)
    for number, kind, payload in everything:
        if kind == "track":
            who[payload["event_name"]].add(number)

    steps = ("$screen_view", "product_viewed", "added_to_cart", "checkout_started",
             "purchase_completed")  # fmt: skip
    sizes = [len(who[step]) for step in steps]
    assert len(who["$screen_view"]) == STORY.people > len(who["signed_up"])
    assert len(who["signed_up"]) > len(who["signed_up"] & who["purchase_completed"]) > 0
    for step, fewer in pairwise(sizes):
        assert 0.4 * step < fewer < step


def test_everything_lies_in_the_month_before_now(
    everything: list[tuple[int, str, dict[str, Any]]],
) -> None:
    times = [datetime.fromisoformat(payload["timestamp"]) for _, _, payload in everything]

    assert NOW - timedelta(days=30) <= min(times)
    assert max(times) <= NOW
    assert len({time.date() for time in times}) >= 30


def test_weekends_are_quieter(everything: list[tuple[int, str, dict[str, Any]]]) -> None:
    weekdays = Counter(
        datetime.fromisoformat(payload["timestamp"]).weekday() for _, _, payload in everything
    )

    assert max(weekdays[5], weekdays[6]) < min(weekdays[day] for day in range(4))


def test_a_known_id_is_used_only_once_an_alias_has_named_it() -> None:
    devices = Counter[int]()
    for number in range(STORY.people):
        ids = set[str]()
        known = ""
        aliased = set[str]()
        for delivery in STORY.history(number):
            for kind, payload in operations(delivery):
                if kind == "alias":
                    known = known or payload["distinct_id"]
                    assert payload["distinct_id"] == known
                    assert payload["alias_id"] in ids, "nothing was seen under it before"
                    assert payload["alias_id"] not in aliased, "an alias was sent twice"
                    aliased.add(payload["alias_id"])
                else:
                    ids.add(payload["distinct_id"])
                    assert payload["distinct_id"] not in aliased
                    assert payload["distinct_id"].startswith("anon_") or known
        devices[len(aliased)] += 1

    assert devices[0] > devices[1] > devices[2] > 0


def test_a_session_is_on_one_device_under_one_user_agent() -> None:
    agents: dict[str, set[str]] = defaultdict(set)
    for number in range(100):
        for delivery in STORY.history(number):
            for kind, payload in operations(delivery):
                if kind == "track":
                    agents[payload["properties"]["$session_id"]].add(delivery.user_agent)

    assert {len(used) for used in agents.values()} == {1}
    assert len(set.union(*agents.values())) > 5


def test_ids_are_different_and_none_is_garbage(
    everything: list[tuple[int, str, dict[str, Any]]],
) -> None:
    owners: dict[str, set[int]] = defaultdict(set)
    for number, _, payload in everything:
        owners[payload["distinct_id"]].add(number)

    assert {len(numbers) for numbers in owners.values()} == {1}
    assert not any(is_garbage(one) for one in owners)


def test_taps_lie_on_their_screen(everything: list[tuple[int, str, dict[str, Any]]]) -> None:
    taps = [p["properties"] for _, _, p in everything if p.get("event_name") == "$tap"]

    assert len(taps) > 1000
    for tap in taps:
        assert 0 <= tap["$x"] <= tap["$screen_width"]
        assert 0 <= tap["$y"] <= tap["$screen_height"]


def test_who_is_there_now_leaves_the_time_to_the_server() -> None:
    present = list(islice(STORY.presence(Random(1)), 500))  # noqa: S311

    assert {delivery.path for _, delivery in present} == {
        *("/api/v1/track", "/api/v1/people", "/api/v1/alias")
    }
    assert all("timestamp" not in delivery.body for _, delivery in present)
    assert all(pause > 0 for pause, _ in present)
    assert len({delivery.body["distinct_id"] for _, delivery in present}) > 10
