"""What was found of some people, and how it compares with what was found of others: shares of those
who did it, and means.

Sources: Wilson's interval (Brown, Cai, DasGupta, 2001); the interval of a ratio of shares by its
logarithm (Katz, 1978), of a ratio of means by the delta method; people needed for shares by Fleiss
(1981, without a correction for continuity, as R's ``power.prop.test``), for means
``2 (z + z)² σ² / δ²``. Two-sided at 5 %, with a power of 80 %."""

from dataclasses import dataclass
from math import ceil, erfc, exp, isfinite, sqrt
from typing import Final

from whipstitch.analytics.statistics import posteriors
from whipstitch.analytics.statistics.posteriors import Posterior
from whipstitch.analytics.statistics.two_by_two import Z95, Ratio, TwoByTwo, p_value

_POWER: Final = 0.8416212335729143
"""The 80th percentile of a normal distribution."""
LEAST_SHARES: Final = 10
"""Who did it, and who did not: of fewer nothing is said."""
LEAST_MEANS: Final = 30
"""People: below that a mean is not taken to lie normally."""
_MOST_NEEDED: Final = 10**12
"""More people there are not."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """Of ``people`` so many ``did`` it."""

    people: int
    did: int

    @property
    def value(self) -> float | None:
        return self.did / self.people if self.people else None

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to say something at all."""
        return min(self.did, self.people - self.did) >= LEAST_SHARES

    def interval(self) -> Interval | None:
        """In which the share lies, with 95 % (Wilson)."""
        if not self.people:
            return None
        n, share, square = self.people, self.did / self.people, Z95 * Z95
        middle = (share + square / (2 * n)) / (1 + square / n)
        away = Z95 * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
        return max(0.0, middle - away), min(1.0, middle + away)

    def uplift_over(self, control: "Share") -> Ratio | None:
        """How much more it is, as a part of the control's; None where nobody did it in one."""
        if not (self.did and control.did):
            return None
        ratio = self.did / self.people / (control.did / control.people)
        apart = exp(
            Z95 * sqrt(1 / self.did - 1 / self.people + 1 / control.did - 1 / control.people)
        )
        return Ratio(ratio - 1, ratio / apart - 1, ratio * apart - 1)

    def p_value(self, control: "Share") -> float | None:
        if not (self.people and control.people):
            return None
        theirs = [(one.did, one.people - one.did) for one in (self, control)]
        table = TwoByTwo(*theirs)
        return p_value(table)[0] if all(table.margins) else 1.0

    def posterior(self) -> Posterior | None:
        return posteriors.of_share(self.did, self.people) if self.people else None

    def needed(self, effect: float) -> int | None:
        """People in each variant to find a share that is higher by this part of this one; None
        where there is no such share."""
        share = self.value
        if not share or share * (1 + effect) >= 1:
            return None
        other = share * (1 + effect)
        mean = (share + other) / 2
        both = Z95 * sqrt(2 * mean * (1 - mean))
        both += _POWER * sqrt(share * (1 - share) + other * (1 - other))
        return _whole((both / (other - share)) ** 2)


@dataclass(frozen=True, slots=True)
class Mean:
    """``variance`` is the one within the population, as estimated; NaN of less than two people."""

    people: int
    mean: float
    variance: float

    @property
    def value(self) -> float | None:
        return self.mean if isfinite(self.mean) else None

    @property
    def is_enough(self) -> bool:
        return self.people >= LEAST_MEANS

    @property
    def error(self) -> float | None:
        """The standard error; None where it cannot be told, or there is none."""
        if self.people < 2 or not isfinite(self.variance) or self.variance <= 0:
            return None
        return sqrt(self.variance / self.people)

    def interval(self) -> Interval | None:
        """In which the mean lies, with 95 %."""
        if self.error is None:
            return None
        return self.mean - Z95 * self.error, self.mean + Z95 * self.error

    def uplift_over(self, control: "Mean") -> Ratio | None:
        """As of shares; None where the control's mean may be 0."""
        if self.error is None or control.error is None:
            return None
        if abs(control.mean) <= Z95 * control.error:
            return None
        ratio, of = self.mean / control.mean, abs(control.mean)
        away = Z95 * sqrt(self.error**2 + (ratio * control.error) ** 2) / of
        uplift = (self.mean - control.mean) / of
        return Ratio(uplift, uplift - away, uplift + away)

    def p_value(self, control: "Mean") -> float | None:
        """Of the difference, taken to lie normally (Welch's test of many people)."""
        if self.error is None or control.error is None:
            return None
        away = (self.mean - control.mean) / sqrt(self.error**2 + control.error**2)
        return erfc(abs(away) / sqrt(2))

    def posterior(self) -> Posterior | None:
        return None if self.error is None else posteriors.of_mean(self.mean, self.error)

    def needed(self, effect: float) -> int | None:
        """As of shares: to find a mean that differs by this part of this one."""
        if self.error is None or not self.mean:
            return None
        return _whole(2 * (Z95 + _POWER) ** 2 * self.variance / (effect * self.mean) ** 2)


Sample = Share | Mean


def _whole(people: float) -> int | None:
    return ceil(people) if people < _MOST_NEEDED else None
