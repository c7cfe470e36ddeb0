"""Several nodes on one storage: each stores what it is sent, one links and rewrites."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest
from tests.support.segments import alias
from tests.support.stitching import Node, accepted, seen, started_node

from whipstitch.warehouse.connection import Address


@contextmanager
def following(
    address: Address, directory: Path, leads: Callable[[], int] = lambda: 0
) -> Iterator[Node]:
    """A node that stores what it is sent and leaves the rest to another."""
    made = Node(address, directory, leads=leads)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5], ids=str)
def test_the_same_aliases_in_any_order_from_any_node_end_in_the_same_people(
    store_address: Address, tmp_path: Path, order: tuple[int, ...]
) -> None:
    said = [(10, "a", "b"), (11, "b", "a"), (12, "b", "c"), (13, "a", "c")]
    with (
        started_node(store_address, tmp_path) as leader,
        following(store_address, tmp_path) as follower,
    ):
        leader.load(*(seen(id_) for id_ in "abc"))
        for at, one in enumerate(order):
            (leader, follower)[at % 2].load(alias(*said[one]))
        leader.catch_up()

        assert leader.ids() == {"a": ("b", "c", accepted(10)), "b": ("c", "c", accepted(12))}
        assert leader.shown() == Counter({("c", "a"): 1, ("c", "b"): 1, ("c", ""): 1})


def test_what_another_node_stored_is_linked_once(store_address: Address, tmp_path: Path) -> None:
    with (
        started_node(store_address, tmp_path) as leader,
        following(store_address, tmp_path) as follower,
    ):
        leader.load(seen("anon"))
        follower.load(alias(2, "anon", "user"))
        assert leader.ids() == {}
        leader.catch_up()
        generation = leader.maps.current
        leader.catch_up()
        leader.catch_up()

        assert leader.maps.current is generation
        assert leader.shown() == Counter({("user", "anon"): 1})


def test_an_undo_on_one_node_is_followed_by_another(store_address: Address, tmp_path: Path) -> None:
    with (
        started_node(store_address, tmp_path) as leader,
        following(store_address, tmp_path) as follower,
    ):
        leader.load(seen("anon"), alias(2, "anon", "user"))
        assert follower.undo("anon", 3)
        leader.catch_up()

        assert leader.shown() == Counter({("anon", ""): 1})


def test_a_node_that_leads_again_knows_what_happened_meanwhile(
    store_address: Address, tmp_path: Path
) -> None:
    terms = {"first": 1, "second": 0}
    with (
        started_node(store_address, tmp_path, leads=lambda: terms["first"]) as first,
        following(store_address, tmp_path, leads=lambda: terms["second"]) as second,
    ):
        first.load(seen("anon"), alias(1, "a", "b"))
        terms |= {"first": 0, "second": 1}
        second.load(alias(2, "anon", "user"))
        second.load(alias(3, "x", "y"))
        terms |= {"first": 2, "second": 0}
        first.catch_up()

        assert first.shown() == Counter({("user", "anon"): 1})
