"""Formulas over series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.expressions import formulas
from whipstitch.core.errors import InvalidQuery


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("A", 6),
        ("b / a * 100", 50),
        ("-(A + B) - +2", -11),
        ("A - B - 1", 2),
        ("A / (B - 3)", None),
        ("A * C", None),
        ("1e300 * 1e300 * A", None),
        (" A\t", 6),
    ],
)
def test_a_formula_is_worked_out(expression: str, value: float | None) -> None:
    assert formulas.parse(expression, 3, "f").value([6, 3, None]) == value


@pytest.mark.parametrize(
    "expression",
    [
        *("", "1", "D", "AB", "A +", "A ** 2", "A // B", "A % B", "A; B", "A if B else C"),
        *("A()", "A.real", "[A]", "A\nB", "\0", "'a' + A", "True + A", "1j * A", "A" * 201),
        *("-" * 100 + "A", "(" * 100 + "A" + ")" * 100 + "!", "lambda: A", "(A := 1)"),
    ],
)
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        formulas.parse(expression, 3, "f")
    assert refused.value.field == "f"


_OPERATIONS = st.sampled_from("+-*/")
_EXPRESSIONS = st.recursive(
    st.sampled_from("AB") | st.integers(0, 9).map(str),
    lambda inner: st.tuples(inner, _OPERATIONS, inner).map(lambda one: f"({' '.join(one)})"),
    max_leaves=8,
)


@given(_EXPRESSIONS, st.integers(-5, 5), st.integers(-5, 5))
def test_it_is_what_python_makes_of_it(expression: str, a: int, b: int) -> None:
    expression = f"{expression} + 0 * A"
    try:
        expected = eval(expression, {"A": float(a), "B": float(b)})  # noqa: S307
    except ZeroDivisionError:
        expected = None
    if len(expression) <= 200:
        assert formulas.parse(expression, 2, "f").value([a, b]) == expected
