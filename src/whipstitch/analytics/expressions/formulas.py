"""Formulas over the series of an insight: ``B / A * 100``, where A is the first series."""

import math
import operator
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from whipstitch.analytics.expressions import syntax
from whipstitch.analytics.expressions.syntax import Call, Name, Node, Number
from whipstitch.analytics.expressions.tokens import problem
from whipstitch.core.errors import InvalidQuery

_LONGEST: Final = 200
LETTERS: Final = string.ascii_uppercase
_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_SYNTAX: Final = "a formula has numbers and letters of series, joined by + - * / and parentheses"

Value = float | None


@dataclass(frozen=True, slots=True)
class Formula:
    """``series``: the indexes of the series that it is about, in order."""

    expression: str
    series: tuple[int, ...]
    name: str | None = None
    unit: str | None = None
    _tree: Node = field(compare=False, repr=False, kw_only=True)

    def value(self, of_series: Sequence[Value]) -> Value:
        """What it comes to. None where it has no number: a series has none there, or a divisor
        is 0."""
        try:
            found = _value(self._tree, of_series)
        except (ZeroDivisionError, OverflowError):
            return None
        return found if found is not None and math.isfinite(found) else None


def parse(
    expression: str, series: int, field_: str, name: str | None = None, unit: str | None = None
) -> Formula:
    """The formula over so many ``series``.

    Raises:
        InvalidQuery
    """
    if len(expression) > _LONGEST:
        raise InvalidQuery(field_, f"must not be longer than {_LONGEST} characters")
    tree = syntax.parse(expression, field_)
    found: set[int] = set()
    _check(tree, series, field_, found)
    if not found:
        raise InvalidQuery(field_, "must name a series: A is the first")
    return Formula(expression.strip(), tuple(sorted(found)), name, unit, _tree=tree)


def _check(node: Node, series: int, field_: str, found: set[int]) -> None:
    """Lets through what ``_value`` works out."""
    if isinstance(node, Call) and node.function in _OPERATORS:
        for one in node.arguments:
            _check(one, series, field_, found)
    elif isinstance(node, Name):
        index = LETTERS.find(node.value.upper()) if len(node.value) == 1 else -1
        if not 0 <= index < series:
            raise problem(field_, node.at, f"{node.value} is no series: A is the first")
        found.add(index)
    elif not isinstance(node, Number):
        raise problem(field_, node.at, _SYNTAX)


def _value(node: Node, of_series: Sequence[Value]) -> Value:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return of_series[LETTERS.index(node.value.upper())]
    if not isinstance(node, Call):
        raise TypeError(node)
    first, *others = (_value(one, of_series) for one in node.arguments)
    if first is None or None in others:
        return None
    work = _OPERATORS[node.function]
    return work(first, others[0] or 0) if others else work(0, first)
