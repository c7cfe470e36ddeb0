"""Tables of two by two, against published examples."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.statistics.two_by_two import (
    TwoByTwo,
    adjusted,
    chi_square,
    fisher,
    odds_ratio,
    p_value,
)

_ASPIRIN = TwoByTwo((189, 10845), (104, 10933))
"""Heart attacks with placebo and with aspirin: Agresti, table 2.3."""


def test_odds_of_the_physicians_health_study() -> None:
    ratio = odds_ratio(_ASPIRIN)

    assert [round(one, 2) for one in ratio] == [1.83, 1.44, 2.33]
    assert p_value(_ASPIRIN)[1] == "chi_square"
    assert chi_square(_ASPIRIN) < 1e-6


def test_the_lady_tasting_tea_and_the_convictions_of_twins() -> None:
    assert fisher(TwoByTwo((3, 1), (1, 3))) == pytest.approx(0.4857143, abs=1e-7)
    # R's documentation of fisher.test
    assert fisher(TwoByTwo((2, 15), (10, 3))) == pytest.approx(0.0005367, abs=1e-7)


def test_chi_square_at_its_critical_values() -> None:
    # 10 of 30 and 30 of 70: 40,000 * 100 / (30 * 70 * 40 * 60) = 0.7937
    assert chi_square(TwoByTwo((10, 20), (30, 40))) == pytest.approx(0.3730, abs=1e-4)
    # Of n equal pairs shifted by k the statistic is 4 k^2 / n: 3.841 is the 5 % point.
    assert chi_square(TwoByTwo((5098, 4902), (4902 + 57, 5098 - 57))) == pytest.approx(
        0.0493, abs=1e-3
    )


def test_small_expectations_are_tested_exactly() -> None:
    assert p_value(TwoByTwo((4, 1), (300, 400)))[1] == "fisher"
    assert p_value(TwoByTwo((20, 20), (20, 20))) == (1.0, "chi_square")


def test_an_empty_cell_has_an_odds_ratio_with_an_end() -> None:
    ratio = odds_ratio(TwoByTwo((10, 0), (5, 5)))

    assert ratio.value == pytest.approx(21)  # 10.5 * 5.5 / (0.5 * 5.5)
    assert 0 < ratio.low < ratio.value < ratio.high < float("inf")


@given(st.tuples(*[st.integers(0, 40)] * 4))
def test_fisher_is_the_sum_of_exact_fractions(cells: tuple[int, int, int, int]) -> None:
    table = TwoByTwo(cells[:2], cells[2:])
    first, second, did, _ = table.margins
    ways = {
        one: Fraction(comb(first, one) * comb(second, did - one), comb(first + second, did))
        for one in range(max(0, did - second), min(first, did) + 1)
    }
    expected = sum(one for one in ways.values() if one <= ways[cells[0]])

    assert fisher(table) == pytest.approx(float(expected), rel=1e-9)


def test_many_tests_are_corrected_as_benjamini_and_hochberg_did() -> None:
    # Their example, 1995: of 15 comparisons of a trial, the first four stand at 5 %.
    found = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
        *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]

    corrected = adjusted(found)

    assert [one <= 0.05 for one in corrected] == [True] * 4 + [False] * 11
    assert adjusted(found[::-1]) == corrected[::-1]
    assert adjusted([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05] * 5)
    assert adjusted([]) == []
