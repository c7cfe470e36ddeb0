"""Two groups of people, of whom some did something: tables of two by two.

Formulas: Agresti, "Categorical Data Analysis", 3rd edition, chapters 2.3 (odds ratio, Woolf's
interval), 3.2 (Pearson's chi-square) and 3.5 (Fisher's exact test)."""

from dataclasses import dataclass
from math import erfc, exp, lgamma, sqrt
from typing import Final, Literal, NamedTuple

Test = Literal["chi_square", "fisher"]

Z95: Final = 1.959963984540054
"""So many standard deviations around its mean hold 95 % of a normal distribution."""
_LEAST_EXPECTED: Final = 5
"""Where a cell is expected to have fewer people, chi-square is not to be trusted (Cochran)."""
_TOLERANCE: Final = 1 + 1e-7
"""Tables that are equally likely may differ by what floats round."""


class Ratio(NamedTuple):
    """A ratio with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Of each of two groups, how many did it and how many did not."""

    first: tuple[int, int]
    second: tuple[int, int]

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """People of the first and the second group; who did it, and who did not."""
        (a, b), (c, d) = self.first, self.second
        return a + b, c + d, a + c, b + d


def p_value(table: TwoByTwo) -> tuple[float, Test]:
    """How likely groups at least as different are if nothing told them apart, two-sided; and by
    which test: Fisher's exact one where a cell is expected to have fewer than five people."""
    first, second, did, did_not = table.margins
    everybody = first + second
    least = min(first, second) * min(did, did_not) / everybody if everybody else 0
    if least < _LEAST_EXPECTED:
        return fisher(table), "fisher"
    return chi_square(table), "chi_square"


def chi_square(table: TwoByTwo) -> float:
    """The p value of Pearson's test, without a correction for continuity; no margin is 0."""
    (a, b), (c, d) = table.first, table.second
    first, second, did, did_not = table.margins
    # Whole numbers up to here: no difference of large products is rounded.
    statistic = (a * d - b * c) ** 2 * (first + second) / (first * second * did * did_not)
    return erfc(sqrt(statistic / 2))


def fisher(table: TwoByTwo) -> float:
    """The p value of Fisher's exact test: the sum of all tables with the same margins that are not
    more likely than this one."""
    first, second, did, _ = table.margins

    def log_chance(in_first: int) -> float:
        return _log_choose(first, in_first) + _log_choose(second, did - in_first)

    possible = range(max(0, did - second), min(first, did) + 1)
    most = max(map(log_chance, possible))
    chances = [exp(log_chance(one) - most) for one in possible]
    found = exp(log_chance(table.first[0]) - most)
    extreme = sum(one for one in chances if one <= found * _TOLERANCE)
    return min(1.0, extreme / sum(chances))


def odds_ratio(table: TwoByTwo) -> Ratio:
    """How many times the odds of having done it are in the first group what they are in the second.
    Where a cell is empty each counts half a person more (Haldane, Anscombe)."""
    cells = [*table.first, *table.second]
    more = 0.5 if 0 in cells else 0
    a, b, c, d = (one + more for one in cells)
    value = a * d / (b * c)
    apart = exp(Z95 * sqrt(1 / a + 1 / b + 1 / c + 1 / d))  # at most exp(1.96 * sqrt(8)) = 256
    return Ratio(value, value / apart, value * apart)


def adjusted(p_values: list[float]) -> list[float]:
    """The same for many tests at once: of what is at most 0.05 afterwards, one in twenty is a
    chance find (Benjamini and Hochberg, 1995: the false discovery rate)."""
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    least, found = 1.0, [1.0] * len(p_values)
    for at, index in enumerate(ranked):
        least = min(least, p_values[index] * len(p_values) / (len(p_values) - at))
        found[index] = least
    return found


def _log_choose(of: int, some: int) -> float:
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)
