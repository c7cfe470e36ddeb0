"""Generations of the person map in ClickHouse."""

from collections import Counter

import pytest
from tests.support.segments import alias
from tests.support.stitching import LIVE, Node, seen

from whipstitch.errors import StorageUnavailable
from whipstitch.projects import Scope
from whipstitch.queries.persons import PersonMap
from whipstitch.stitching import maps


def test_where_nothing_waits_there_is_no_table(alone: Node) -> None:
    assert alone.maps.current.table == ""
    assert alone.maps.current.number > 0
    assert alone.generations() == []


def test_a_generation_names_the_scopes_that_it_concerns(node: Node) -> None:
    test, other = Scope("proj_a", "test"), Scope("proj_b", "live")
    node.load(alias(1, "a", "b"), alias(2, "a", "b", **test._asdict()))
    node.load(alias(3, "a", "b", **other._asdict()))
    node.rewrite()
    node.load(alias(4, "x", "y"))
    node.undo("a", 5, scope=test)

    assert node.maps.current.merged == {LIVE, test}
    assert node.maps.current.split == {test}
    assert node.store.at_leisure(maps.latest).result() == node.maps.current


def test_a_generation_that_is_read_stays_until_it_is_not(alone: Node) -> None:
    alone.load(seen("a"))
    alone.load(alias(1, "a", "b"))
    with alone.maps.hold() as held:
        for number in range(2, 5):
            alone.load(alias(number, f"x{number}", "y"))
        assert alone.generations() == [held.table, alone.maps.current.table]
        assert alone.shown(generation=held) == Counter({("b", "a"): 1})
    alone.load(alias(10, "z", "y"))

    assert alone.generations() == [alone.maps.current.table]
    with pytest.raises(StorageUnavailable):
        alone.shown(generation=held)


def test_a_new_process_goes_on_with_larger_numbers_and_leaves_nothing_behind(alone: Node) -> None:
    alone.load(seen("a"))
    alone.load(alias(1, "a", "b"))
    before = alone.maps.current

    alone.restart()

    assert alone.maps.current.number > before.number
    assert alone.generations() == [alone.maps.current.table]
    assert alone.shown() == Counter({("b", "a"): 1})


def test_other_nodes_may_use_a_generation_for_some_time(alone: Node) -> None:
    before = alone.maps.current
    alone.load(alias(1, "a", "b"))
    first = alone.maps.current
    with alone.maps.hold():
        alone.load(alias(2, "b", "c"))
    tables = alone.generations()
    assert len(tables) == 2

    alone.link(lambda client: maps.drop(client, set(), 1000))
    alone.link(lambda client: maps.forget(client, 1000))
    assert alone.generations() == tables
    assert alone.count("person_maps") == 3

    alone.link(lambda client: maps.drop(client, {first.number}, 0))
    assert alone.generations() == tables
    alone.link(lambda client: maps.drop(client, set(), 0))
    alone.link(lambda client: maps.forget(client, 0))
    assert alone.generations() == [alone.maps.current.table]
    assert alone.count("person_maps") == 1
    assert before.table == ""


def test_the_latest_generation_of_a_while_ago_is_none_where_all_are_younger(alone: Node) -> None:
    alone.load(alias(1, "a", "b"))

    def latest(seconds: int) -> PersonMap:
        return alone.link(lambda client: maps.latest(client, seconds))  # type: ignore[no-any-return]

    assert latest(0) == alone.maps.current
    assert latest(1000) == PersonMap()
