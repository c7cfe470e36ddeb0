"""Whether people were dealt out to variants as they were meant to be."""

from collections.abc import Sequence
from math import erfc, exp, gamma, sqrt
from typing import Final

LEAST_EXPECTED: Final = 5
"""People of each: of fewer chi-square is not to be trusted."""


def p_value(people: Sequence[int], shares: Sequence[float]) -> float | None:
    """How likely counts at least as far from ``shares`` (of any sum) are by chance: Pearson's
    chi-square. None of too few people."""
    everybody, whole = sum(people), sum(shares)
    expected = [everybody * share / whole for share in shares]
    if min(expected) < LEAST_EXPECTED:
        return None
    statistic = sum((a - b) ** 2 / b for a, b in zip(people, expected, strict=True))
    return _above(statistic, len(people) - 1)


def _above(statistic: float, degrees: int) -> float:
    """The tail of the chi-square distribution, of a whole number of degrees of freedom."""
    half = statistic / 2
    if half > 700:
        return 0.0
    found = exp(-half) if degrees % 2 == 0 else erfc(sqrt(half))
    for step in range(2 if degrees % 2 == 0 else 1, degrees, 2):
        found += half ** (step / 2) * exp(-half) / gamma(step / 2 + 1)
    return found
