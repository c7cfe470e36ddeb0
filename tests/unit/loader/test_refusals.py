"""When refused rows are too many."""

import pytest

from whipstitch.loader.refusals import RefusalLimit


def test_rows_refused_among_many_stored_ones_are_not_too_many() -> None:
    limit = RefusalLimit(100)
    for _ in range(1_000):
        assert not limit.is_passed(0, 20, all_=True)  # a segment of nothing else
        limit.count(0, 20)
        limit.count(80, 0)
    assert not limit.reached


@pytest.mark.parametrize("before", [0, 1_000_000])
def test_so_many_in_a_row_are_too_many_whatever_was_stored_before(before: int) -> None:
    limit = RefusalLimit(1_000)
    limit.count(before, 0)
    refused = 0
    while not limit.is_passed(0, 100, all_=True):
        limit.count(0, 100)
        refused += 100
        assert refused < 50_000
    assert refused >= 900
    assert limit.reached


def test_many_of_one_segment_are_too_many_before_its_end() -> None:
    assert RefusalLimit(100).is_passed(5, 100, all_=False)
    assert not RefusalLimit(100).is_passed(50, 100, all_=False)


def test_once_reached_each_segment_says_whether_that_has_changed() -> None:
    limit = RefusalLimit(100)
    assert limit.is_passed(0, 100, all_=False)
    assert limit.is_passed(0, 1, all_=True)
    assert not limit.is_passed(0, 1, all_=False)
    assert limit.is_passed(0, 20, all_=False)
    assert not limit.is_passed(30, 10, all_=True)
    limit.count(30, 10)
    assert not limit.reached
    assert not limit.is_passed(0, 80, all_=True)


def test_without_a_limit_nothing_is_too_many() -> None:
    assert not RefusalLimit(0).is_passed(0, 10**9, all_=True)
