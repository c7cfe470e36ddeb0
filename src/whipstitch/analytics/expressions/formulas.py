"""Formulas over the series of an insight: ``B / A * 100``, where A is the first series."""

import ast
import math
import operator
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from whipstitch.core.errors import InvalidQuery

_LONGEST: Final = 200
_DEEPEST: Final = 30
LETTERS: Final = string.ascii_uppercase
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SYNTAX: Final = "must be numbers and letters of series, joined by + - * / and parentheses"

Value = float | None


@dataclass(frozen=True, slots=True)
class Formula:
    """``series``: the indexes of the series that it is about, in order."""

    expression: str
    series: tuple[int, ...]
    name: str | None = None
    unit: str | None = None
    _tree: ast.expr = field(compare=False, repr=False, kw_only=True)

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
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InvalidQuery(field_, _SYNTAX) from None
    found: set[int] = set()
    _check(tree, series, field_, found, 0)
    if not found:
        raise InvalidQuery(field_, "must name a series: A is the first")
    return Formula(expression.strip(), tuple(sorted(found)), name, unit, _tree=tree)


def _check(node: ast.expr, series: int, field_: str, found: set[int], depth: int) -> None:
    """Lets through what ``_value`` works out, and nothing else of Python's syntax."""
    if depth > _DEEPEST:
        raise InvalidQuery(field_, "is nested too deeply")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        _check(node.left, series, field_, found, depth + 1)
        _check(node.right, series, field_, found, depth + 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        _check(node.operand, series, field_, found, depth + 1)
    elif isinstance(node, ast.Name):
        index = LETTERS.find(node.id.upper()) if len(node.id) == 1 else -1
        if not 0 <= index < series:
            raise InvalidQuery(field_, f"names {node.id}, which is no series: A is the first")
        found.add(index)
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise InvalidQuery(field_, _SYNTAX)


def _value(node: ast.expr, of_series: Sequence[Value]) -> Value:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, of_series), _value(node.right, of_series)
        if left is None or right is None:
            return None
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, of_series)
        if operand is None:
            return None
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.Name):
        return of_series[LETTERS.index(node.id.upper())]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    raise TypeError(node)
