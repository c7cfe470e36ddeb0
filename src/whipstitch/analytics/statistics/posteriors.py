"""What is believed of a number after people were counted, and how likely one is above others.

A share has a uniform prior, so that it is believed to be Beta(1 + those who did it, 1 + those who
did not); a mean is believed to lie normally around what was found (a flat prior, and so many people
that the mean of any of them would do so). Probabilities are integrals over a grid: the same each
time, without random numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log, log1p, prod, sqrt
from typing import Final, NamedTuple

_POINTS: Final = 600
"""Of the grid, for each."""
_REACH: Final = 12
"""Standard deviations from its middle that a grid reaches to both sides."""
_NEVER: Final = -745.0
"""Below this logarithm a float is 0."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """``log_density`` is right but for a summand. ``low``, ``high``: where the number can lie."""

    log_density: Callable[[float], float]
    middle: float
    spread: float
    low: float = -inf
    high: float = inf

    def grid(self) -> list[float]:
        """Points where it lies."""
        first = max(self.low, self.middle - _REACH * self.spread)
        last = min(self.high, self.middle + _REACH * self.spread)
        return [first + (last - first) * at / _POINTS for at in range(_POINTS + 1)]


class Chances(NamedTuple):
    """How likely a number is above the first one, and above all others."""

    over_first: float
    best: float


def of_share(did: int, people: int) -> Posterior:
    """What is believed of the share of those who did it."""
    a, b = 1 + did, 1 + people - did
    middle = a / (a + b)
    spread = sqrt(middle * (1 - middle) / (a + b + 1))

    def log_density(share: float) -> float:
        if not 0 < share < 1:
            # At the very ends: 0, or as much as beside them where nobody did it, or all.
            return 0.0 if (share == 0 and a == 1) or (share == 1 and b == 1) else -inf
        return (a - 1) * log(share) + (b - 1) * log1p(-share)

    return Posterior(log_density, middle, spread, 0.0, 1.0)


def of_mean(mean: float, error: float) -> Posterior:
    """What is believed of a mean with a standard error, which is not 0."""
    return Posterior(lambda value: -(((value - mean) / error) ** 2) / 2, mean, error)


def chances(posteriors: Sequence[Posterior]) -> list[Chances]:
    """Of each; of the first over itself a half."""
    grid = sorted({point for one in posteriors for point in one.grid()})
    steps = [after - before for before, after in pairwise(grid)]
    densities = [_density(one, grid, steps) for one in posteriors]
    below = [_cumulated(one, steps) for one in densities]
    best = []
    for index, density in enumerate(densities):
        others = [one for other, one in enumerate(below) if other != index]
        all_below = [prod(at) for at in zip(*others, strict=True)] if others else [1.0] * len(grid)
        best.append(_integral([a * b for a, b in zip(density, all_below, strict=True)], steps))
    all_best = sum(best)
    return [
        Chances(
            _integral([x * y for x, y in zip(density, below[0], strict=True)], steps)
            if index
            else 0.5,
            best[index] / all_best,
        )
        for index, density in enumerate(densities)
    ]


def _density(one: Posterior, grid: Sequence[float], steps: Sequence[float]) -> list[float]:
    reach = _REACH * one.spread
    logs = [
        one.log_density(point) if abs(point - one.middle) <= reach * 1.0001 else -inf
        for point in grid
    ]
    most = max(logs)
    raw = [exp(log_ - most) if log_ - most > _NEVER else 0.0 for log_ in logs]
    whole = _integral(raw, steps)
    return [value / whole for value in raw]


def _integral(values: Sequence[float], steps: Sequence[float]) -> float:
    return sum((a + b) / 2 * step for (a, b), step in zip(pairwise(values), steps, strict=True))


def _cumulated(values: Sequence[float], steps: Sequence[float]) -> list[float]:
    so_far, found = 0.0, [0.0]
    for (before, after), step in zip(pairwise(values), steps, strict=True):
        so_far += (before + after) / 2 * step
        found.append(so_far)
    return found
