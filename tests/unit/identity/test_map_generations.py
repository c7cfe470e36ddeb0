"""Which generation of the person map reads use, and how long it stays."""

import threading

import pytest

from whipstitch.core.errors import StorageUnavailable
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.person_map import PersonMap

FIRST, SECOND, THIRD = (PersonMap(number, f"person_map_{number}") for number in (1, 2, 3))


def test_before_the_first_generation_nobody_reads() -> None:
    maps = PersonMaps()
    with pytest.raises(StorageUnavailable, match="try again"), maps.hold():
        pass
    assert maps.problem is not None


def test_a_read_keeps_the_generation_that_it_began_with() -> None:
    maps = PersonMaps()
    maps.publish(FIRST)
    with maps.hold() as held:
        maps.publish(SECOND)
        assert held is FIRST
        with maps.hold() as newer:
            assert newer is SECOND
        assert maps.in_use() == {1, 2}
    assert maps.in_use() == {2}
    assert maps.problem is None


def test_a_generation_stays_until_its_last_read_ends() -> None:
    maps = PersonMaps()
    maps.publish(FIRST)
    with maps.hold():
        with maps.hold():
            maps.publish(SECOND)
        assert maps.in_use() == {1, 2}


def test_a_generation_of_ones_own_may_be_held() -> None:
    maps = PersonMaps()
    maps.publish(THIRD)
    with maps.hold(SECOND) as held:
        assert held is SECOND
        assert maps.in_use() == {2, 3}


def test_a_read_that_fails_lets_go() -> None:
    maps = PersonMaps()
    maps.publish(FIRST)
    with pytest.raises(KeyError), maps.hold():
        raise KeyError
    maps.publish(SECOND)
    assert maps.in_use() == {2}


def test_older_reads_are_waited_for_and_newer_ones_are_not() -> None:
    maps = PersonMaps()
    maps.publish(FIRST)
    older = maps.hold()
    older.__enter__()
    maps.publish(SECOND)
    waiting = threading.Thread(target=maps.await_readers_before, args=(2,))
    with maps.hold():
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()

        older.__exit__(None, None, None)
        waiting.join(30)
        assert not waiting.is_alive()
        maps.await_readers_before(2)
