"""Shares and means compared, against published examples and closed forms."""

from math import exp, lgamma, log, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.statistics import allocation
from whipstitch.analytics.statistics.posteriors import chances, of_mean, of_share
from whipstitch.analytics.statistics.samples import Mean, Share


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe, 1998, table I: 81 of 263 and 15 of 148, 0 of 20.
    assert Share(263, 81).interval() == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert Share(148, 15).interval() == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert Share(20, 0).interval() == pytest.approx((0, 0.1611), abs=1e-4)


def test_aspirin_halved_heart_attacks() -> None:
    # Agresti, 2.2.3: a relative risk of 1.82 with placebo, from 1.43 to 2.31.
    uplift = Share(11034, 189).uplift_over(Share(11037, 104))

    assert uplift is not None
    assert [round(1 + one, 2) for one in uplift] == [1.82, 1.43, 2.31]


def test_people_needed_are_those_of_other_calculators() -> None:
    # 31,234 is what R's power.prop.test(p1 = 0.05, p2 = 0.055, power = 0.8) rounds up to.
    assert Share(1000, 50).needed(0.1) == 31_234
    # 16 variances over the squared difference (Lehr, 1992), more exactly 15.7.
    assert Mean(100, 10.0, 25.0).needed(0.1) == pytest.approx(15.7 * 25, abs=1)
    assert Share(100, 95).needed(0.1) is None
    assert Share(100, 0).needed(0.1) is None
    assert Mean(1, 10.0, float("nan")).needed(0.1) is None


def test_means_are_compared_as_normal_ones() -> None:
    one, control = Mean(400, 10.5, 25.0), Mean(100, 10.0, 16.0)
    error = sqrt(25 / 400 + 16 / 100)

    assert one.p_value(control) == pytest.approx(2 * NormalDist().cdf(-0.5 / error))
    uplift = one.uplift_over(control)
    assert uplift is not None
    assert uplift.value == pytest.approx(0.05)
    assert uplift.low < 0 < uplift.high
    # A control that may be 0 has no parts; one below 0 is made better by more.
    assert one.uplift_over(Mean(100, 0.5, 16.0)) is None
    below = Mean(100, -5.0, 4.0).uplift_over(Mean(100, -10.0, 4.0))
    assert below is not None
    assert below.value == pytest.approx(0.5)


def _chance_of_betas(one: tuple[int, int], control: tuple[int, int]) -> float:
    """Evan Miller's closed form, 2015, of Beta(1 + did, 1 + did not)."""

    def log_beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    (a, b), (c, d) = [(1 + did, 1 + people - did) for people, did in (one, control)]
    return sum(
        exp(log_beta(c + i, d + b) - log(b + i) - log_beta(1 + i, b) - log_beta(c, d))
        for i in range(a)
    )


@given(
    st.tuples(st.integers(0, 400), st.floats(0, 1)),
    st.tuples(st.integers(0, 400), st.floats(0, 1)),
)
def test_the_chance_of_a_share_to_be_higher_is_the_closed_form(
    one: tuple[int, float], other: tuple[int, float]
) -> None:
    (first, second) = [(people, round(people * share)) for people, share in (one, other)]

    found = chances([of_share(second[1], second[0]), of_share(first[1], first[0])])

    assert found[1].over_first == pytest.approx(_chance_of_betas(first, second), abs=5e-4)
    assert sum(one.best for one in found) == pytest.approx(1)
    assert found[1].best == pytest.approx(found[1].over_first, abs=5e-4)


def test_narrow_and_wide_beliefs_stand_beside_each_other() -> None:
    found = chances([of_share(500_000, 1_000_000), of_share(5, 10), of_share(499_000, 1_000_000)])

    # Beta(6, 6) is as often above a half as below; the third is 1.41 of its errors below.
    assert found[1].over_first == pytest.approx(0.5, abs=2e-3)
    assert found[2].over_first == pytest.approx(NormalDist().cdf(-1.4142), abs=2e-3)


def test_the_chance_of_a_mean_to_be_higher_is_that_of_the_difference() -> None:
    found = chances([of_mean(10, 0.4), of_mean(10.5, 0.3)])

    assert found[1].over_first == pytest.approx(NormalDist().cdf(0.5 / 0.5), abs=1e-4)


def test_too_many_in_one_variant_are_no_chance() -> None:
    # Points of the chi-square distribution: 3.841 of 1, 5.991 of 2, 7.815 of 3 degrees of freedom.
    assert allocation.p_value([5098, 4902], [1, 1]) == pytest.approx(0.05, abs=1e-3)
    assert allocation._above(5.991, 2) == pytest.approx(0.05, abs=1e-4)
    assert allocation._above(7.815, 3) == pytest.approx(0.05, abs=1e-4)
    assert allocation._above(16.919, 9) == pytest.approx(0.05, abs=1e-4)
    assert allocation.p_value([900, 100], [9, 1]) == 1
    assert allocation.p_value([5, 4], [1, 1]) is None
    assert allocation.p_value([10**6, 1], [1, 1]) == 0
