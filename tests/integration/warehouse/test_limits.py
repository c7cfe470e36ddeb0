"""What a query may take of the server, and how it is taken back."""

import asyncio
import time
from concurrent.futures import Future
from typing import Any

import pytest

from whipstitch.core.errors import PatternRefused, QueryCancelled, QueryTimedOut, QueryTooLarge
from whipstitch.warehouse.store import QUESTIONS, Store

_ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)"
_RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%'"
_DEADLINE_SECONDS = 20


def _is_running(store: Store) -> bool:
    return int(store.query(_RUNNING)[0][0]) > 1  # this one, too


def _wait_until(store: Store, running: bool) -> None:
    until = time.monotonic() + _DEADLINE_SECONDS
    while _is_running(store) != running:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_query_that_takes_too_long_is_ended_with_a_hint(store: Store) -> None:
    with pytest.raises(QueryTimedOut, match="shorter range"):
        store.query(f"{_ENDLESS} SETTINGS max_execution_time = 0.3")


def test_a_query_that_takes_too_much_memory_is_ended_with_a_hint(store: Store) -> None:
    with pytest.raises(QueryTooLarge, match="memory"):
        store.query(
            "SELECT uniqExact(number) FROM numbers(100000000) SETTINGS max_memory_usage = 50000000"
        )


def test_an_answer_that_is_too_large_is_ended_with_a_hint(store: Store) -> None:
    with pytest.raises(QueryTooLarge, match="answer is too large"):
        store.query("SELECT number FROM numbers(5000000)")
    assert store.query("SELECT 1") == [(1,)]


def test_a_pattern_that_cannot_be_used_is_named(store: Store) -> None:
    with pytest.raises(PatternRefused, match="missing") as refused:
        store.query("SELECT match('x', {pattern:String})", {"pattern": "a(b"})
    assert refused.value.pattern == "a(b"


def test_a_cancelled_query_leaves_nothing_running(store: Store) -> None:
    asked = store.submit(_ENDLESS)
    _wait_until(store, running=True)

    asked.cancel()

    with pytest.raises(QueryCancelled):
        asked.result(_DEADLINE_SECONDS)
    assert not _is_running(store)


def test_a_query_cancelled_on_its_way_leaves_nothing_running(store: Store) -> None:
    asked = store.submit(_ENDLESS)
    while not asked.running():
        time.sleep(0)

    asked.cancel()

    with pytest.raises(QueryCancelled):
        asked.result(_DEADLINE_SECONDS)
    assert not _is_running(store)


def test_a_query_cancelled_before_its_turn_never_runs(store: Store) -> None:
    running: list[Future[Any]] = [store.submit(_ENDLESS) for _ in range(QUESTIONS + 1)]
    waiting = store.submit("SELECT 1")

    assert waiting.cancel()
    for asked in running:
        while not asked.done():
            asked.cancel()
            time.sleep(0.02)
    assert waiting.cancelled()
    assert store.query("SELECT 2") == [(2,)]


def test_who_stops_waiting_takes_the_query_back(store: Store) -> None:
    async def ask() -> None:
        async with asyncio.timeout(0.3):
            await asyncio.wrap_future(store.submit(_ENDLESS))

    with pytest.raises(TimeoutError):
        asyncio.run(ask())
    _wait_until(store, running=False)
