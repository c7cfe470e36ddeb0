"""Generations of the person map in ClickHouse."""

from collections import Counter
from collections.abc import Iterable

import pytest
from tests.support.segments import alias
from tests.support.stitching import LIVE, Node, seen

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.identity import map_generations, publishing
from whipstitch.identity.person_map import PersonMap


def test_where_nothing_waits_there_is_no_table(node: Node) -> None:
    assert node.maps.current.table == ""
    assert node.maps.current.number > 0
    assert node.generations() == []


def test_a_generation_names_the_scopes_that_it_concerns(node: Node) -> None:
    test, other = Scope("proj_a", "test"), Scope("proj_b", "live")
    node.load(alias(1, "a", "b"), alias(2, "a", "b", **test._asdict()))
    node.load(alias(3, "a", "b", **other._asdict()))
    node.rewrite()
    node.load(alias(4, "x", "y"))
    node.undo("a", 5, scope=test)

    assert node.maps.current.merged == {LIVE, test}
    assert node.maps.current.split == {test}
    assert node.store.run_in_background(map_generations.latest).result() == node.maps.current


def test_a_generation_that_is_read_stays_until_it_is_not(node: Node) -> None:
    node.load(seen("a"))
    node.load(alias(1, "a", "b"))
    with node.maps.hold() as held:
        for number in range(2, 5):
            node.load(alias(number, f"x{number}", "y"))
        assert node.generations() == [held.table, node.maps.current.table]
        assert node.shown(generation=held) == Counter({("b", "a"): 1})
    node.load(alias(10, "z", "y"))

    assert node.generations() == [node.maps.current.table]
    with pytest.raises(StorageUnavailable):
        node.shown(generation=held)


def test_what_nobody_reads_any_more_is_dropped_some_at_a_time(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(numbers: Iterable[int]) -> list[int]:
        """How many tables there are after each alias."""
        counts = []
        for number in numbers:
            node.load(alias(number, f"x{number}", "y"))
            counts.append(len(node.map_tables()))
        return counts

    assert node.generations() == []
    assert load(range(1, 9)) == [1, 2, 3, 4, 5, 6, 7, 1]
    # Where they are large, at once.
    monkeypatch.setattr(publishing, "_MOST_OLD_ROWS", 1)
    assert load((9, 10)) == [1, 1]


def test_a_new_process_goes_on_with_larger_numbers_and_leaves_nothing_behind(node: Node) -> None:
    node.load(seen("a"))
    node.load(alias(1, "a", "b"))
    before = node.maps.current

    node.restart()

    assert node.maps.current.number > before.number
    assert node.generations() == [node.maps.current.table]
    assert node.shown() == Counter({("b", "a"): 1})


def test_other_nodes_may_use_a_generation_for_some_time(node: Node) -> None:
    before = node.maps.current
    node.load(alias(1, "a", "b"))
    first = node.maps.current
    with node.maps.hold():
        node.load(alias(2, "b", "c"))
    tables = node.map_tables()
    assert len(tables) == 2

    node.link(lambda client: map_generations.drop(client, set(), 1000))
    node.link(lambda client: map_generations.forget(client, 1000))
    assert node.map_tables() == tables
    assert node.count("person_maps") == 3

    node.link(lambda client: map_generations.drop(client, {first.number}, 0))
    assert node.map_tables() == tables
    node.link(lambda client: map_generations.drop(client, set(), 0))
    node.link(lambda client: map_generations.forget(client, 0))
    assert node.map_tables() == [node.maps.current.table]
    assert node.count("person_maps") == 1
    assert before.table == ""


def test_the_latest_generation_of_a_while_ago_is_none_where_all_are_younger(node: Node) -> None:
    node.load(alias(1, "a", "b"))

    def latest(seconds: int) -> PersonMap:
        return node.link(lambda client: map_generations.latest(client, seconds))  # type: ignore[no-any-return]

    assert latest(0) == node.maps.current
    assert latest(1000) == PersonMap()
