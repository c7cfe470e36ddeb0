"""All reports on shards: the same worlds and the same checks against plain Python as on one
server, of some seeds each."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Final

import pytest
from tests.integration.analytics.reports import (
    test_experiments,
    test_funnel_correlation,
    test_funnels,
    test_insights,
    test_lifecycle,
    test_retention,
)
from tests.integration.analytics.reports.test_flows import (
    test_nodes_links_and_people_are_those_of_a_walk_through_all_visits,
)
from tests.integration.analytics.sessions import test_sessions
from tests.support.cluster import CLUSTER, connected
from tests.support.reference import Worlds, worlds_in

from whipstitch.analytics import scope_sizes
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import LOADING
from whipstitch.warehouse.store import Store

__all__ = ["test_nodes_links_and_people_are_those_of_a_walk_through_all_visits"]
SEEDS: Final = 20 if CLUSTER else 1
CHECKS: Final = (
    test_experiments.test_every_number_is_what_looking_at_everybody_gives,
    test_funnel_correlation.test_every_cell_has_the_people_that_counting_everybody_gives,
    test_funnels.test_every_number_is_what_trying_out_all_attempts_gives,
    test_funnels.test_the_people_behind_a_number_are_those_who_got_that_far,
    test_insights.test_every_number_is_what_counting_by_hand_gives,
    test_insights.test_people_of_trailing_days_and_of_all_up_to_then_are_counted_once,
    test_insights.test_several_breakdowns_tell_apart_by_all_of_them_at_once,
    test_insights.test_the_people_behind_a_number_are_those_whose_events_made_it,
    test_lifecycle.test_people_are_counted_by_the_number_of_intervals_they_came_in,
    test_lifecycle.test_people_are_in_the_states_that_following_them_shows,
    test_retention.test_cohorts_and_their_returns_are_what_following_everybody_gives,
    test_retention.test_the_people_behind_a_number_are_those_who_came_back_or_did_not,
    test_sessions.test_web_counts_what_following_everybody_does,
)
MERGED: Final = (
    test_lifecycle.test_people_are_counted_by_the_number_of_intervals_they_came_in,
    test_lifecycle.test_people_are_in_the_states_that_following_them_shows,
    test_retention.test_cohorts_and_their_returns_are_what_following_everybody_gives,
)
"""Of few people, whom one host puts together; as it does in all funnels with groups."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scope with any event has many."""
    monkeypatch.setattr(scope_sizes, "MANY", 0)


@pytest.fixture(scope="module")
def worlds(request: pytest.FixtureRequest) -> Iterator[Worlds]:
    """A storage for worlds, whose rows are dealt out to all shards."""
    with ExitStack() as stack:
        if CLUSTER:
            address = stack.enter_context(request.getfixturevalue("schema").database())
            yield stack.enter_context(worlds_in(address))
            return
        servers = stack.enter_context(request.getfixturevalue("shards").database())
        # Without replicas there is nothing to wait for.
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(Client, "await_replicas", lambda *_, **__: None)
        client = stack.enter_context(closing(connected(servers, LOADING)))
        store = stack.enter_context(closing(Store(servers, durable=False, retention_days=0)))
        yield Worlds(store, client)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("test_"))
def test_on_shards(worlds: Worlds, check: Any) -> None:
    for seed in range(SEEDS):
        check.hypothesis.inner_test(worlds=worlds, seed=seed)


@pytest.mark.parametrize("check", MERGED, ids=lambda check: check.__name__.removeprefix("test_"))
def test_merged_by_one_host(worlds: Worlds, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_sizes, "MANY", 1_000_000)
    for seed in range(SEEDS):
        check.hypothesis.inner_test(worlds=worlds, seed=seed)
