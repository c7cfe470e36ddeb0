import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.sequence import Sequence


@given(st.lists(st.tuples(st.integers(0, 1_000), st.integers(1, 50))), st.integers(0, 1_000))
def test_numbers_only_rise_whatever_the_clock_does(
    steps: list[tuple[int, int]], floor: int
) -> None:
    now = 0
    sequence = Sequence(lambda: now, floor)
    taken: list[int] = []
    for clock, count in steps:
        now = clock
        first = sequence.take(count)
        assert first >= now
        taken += range(first, first + count)
    assert taken == sorted(set(taken))
    assert all(number > floor for number in taken)
    assert sequence.last == max([floor, *taken])


def test_what_the_clock_says_is_told_beside_the_number() -> None:
    sequence = Sequence(lambda: 5_000_000, floor=9_000_000)
    assert (sequence.take(1), sequence.now) == (9_000_001, 5_000_000)
    assert sequence.ahead == pytest.approx(4.0)
    assert Sequence(lambda: 5_000_000).ahead == 0


def test_numbers_that_another_process_used_are_skipped() -> None:
    sequence = Sequence(lambda: 100)
    sequence.skip(500)
    assert sequence.take(1) == 501
    sequence.skip(200)
    assert sequence.take(1) == 502
