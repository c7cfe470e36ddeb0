"""Numbers, and text that reads as one, compared by value: 1, ``"1.0"`` and ``"1e0"`` are equal.

They are compared as Float64. Where that cannot tell whole numbers apart, from 2^53 on, the digits
decide, of which ``_exact`` sees 58 before the point and 16 behind it."""

import math
import re
from collections.abc import Sequence
from typing import Final

from whipstitch.warehouse.parameters import Parameters

Scalar = str | int | float
"""What a value is compared with; booleans are the texts ``true`` and ``false``."""

EXACT: Final = 2**53
"""From it on not every whole number is a Float64."""
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number_of(value: Scalar) -> float:
    """The number that a value is or reads as, as ClickHouse reads it (-0 is 0); NaN: it does not,
    and infinite: no Float64 can hold it."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return math.nan
    try:
        return float(value) + 0.0
    except OverflowError:
        return math.inf


def reads_as_number(value: Scalar) -> bool:
    return math.isfinite(number_of(value))


def number_in(text: str) -> str:
    """The number that a Nullable(String) reads as: infinity and NaN are none, -0 is 0."""
    read = f"toFloat64OrNull({text})"
    return f"if(isFinite({read}), {read} + 0, NULL)"


def equal(text: str, number: str, wanted: Sequence[Scalar], values: Parameters) -> str:
    """Whether a value, a Nullable(String) and what it reads as, is one of ``wanted``, which all
    read as numbers; NULL or 0 where it is not."""
    small = [number_of(one) for one in wanted if not _is_large(one)]
    large = [one for one in wanted if _is_large(one)]
    parts = []
    if small:
        parts.append(f"{number} IN {values.add(small, 'Array(Float64)')}")
    if large:
        digits = values.add(list(map(str, large)), "Array(String)")
        near = values.add(list(map(number_of, large)), "Array(Float64)")
        exact = f"arrayMap(digits -> {_written('digits')}, {digits})"
        parts.append(f"({number} IN {near} AND {_written(text)} IN ({exact}))")
    return " OR ".join(parts)


def compared(text: str, number: str, comparison: str, wanted: Scalar, values: Parameters) -> str:
    """Whether a value, a Nullable(String) and what it reads as, stands so to ``wanted``, which
    reads as a number; NULL where the value reads as none."""
    bound = values.add(number_of(wanted), "Float64")
    plain = f"{number} {comparison} {bound}"
    if not _is_large(wanted):
        return plain
    # Numbers that have too many digits for either are as good as equal.
    precise = f"{_exact(text)} {comparison} {_exact(values.add(str(wanted)))}"
    return f"if({number} = {bound}, ifNull({precise}, {int('=' in comparison)}), {plain})"


def _is_large(value: Scalar) -> bool:
    return abs(number_of(value)) >= EXACT


def _exact(text: str) -> str:
    return f"toDecimal256OrNull({text}, 16)"


def _written(text: str) -> str:
    """The digits, blank where they are too many."""
    return f"ifNull(toString({_exact(text)}), '')"
