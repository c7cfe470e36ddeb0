"""Leases: one holder at a time, as long as it renews."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from whipstitch.registry.store import Registry


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(url: str, clock: Clock) -> Iterator[Registry]:
    with Registry.open(url, clock) as opened:
        yield opened


def test_a_lease_has_one_holder(leases: Registry) -> None:
    assert leases.take_lease("stitching", "a", 30)
    assert not leases.take_lease("stitching", "b", 30)
    assert leases.take_lease("another", "b", 30)


def test_a_holder_that_renews_keeps_it(leases: Registry, clock: Clock) -> None:
    for _ in range(3):
        assert leases.take_lease("stitching", "a", 30)
        clock.passes(29)
    assert not leases.take_lease("stitching", "b", 30)


def test_a_lease_that_ran_out_is_free(leases: Registry, clock: Clock) -> None:
    leases.take_lease("stitching", "a", 30)
    clock.passes(30.5)

    assert leases.take_lease("stitching", "b", 30)
    assert not leases.take_lease("stitching", "a", 30)


def test_its_holder_may_end_it_early_and_nobody_else(leases: Registry) -> None:
    leases.take_lease("stitching", "a", 30)
    leases.end_lease("stitching", "b")
    assert not leases.take_lease("stitching", "b", 30)

    leases.end_lease("stitching", "a")
    assert leases.take_lease("stitching", "b", 30)


def test_of_many_who_ask_together_one_gets_it(url: str) -> None:
    with Registry.open(url) as leases, Registry.open(url) as other, ThreadPoolExecutor(4) as pool:
        registries = (leases, other) * 2
        held = list(
            pool.map(
                lambda asked: asked[1].take_lease("stitching", f"node {asked[0]}", 30),
                enumerate(registries),
            )
        )

    assert sorted(held) == [False, False, False, True]
