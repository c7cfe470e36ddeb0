"""Expressions, read."""

import pytest

from whipstitch.analytics.expressions import syntax
from whipstitch.analytics.expressions.syntax import Call, Name, Number, Text
from whipstitch.core.errors import InvalidQuery


def _call(function: str, *arguments: syntax.Node) -> Call:
    return Call(function, arguments, 0)


_A, _B, _C = (Name(name, 0) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", _call("+", _A, _call("*", _B, _C))),
        ("a - b - c", _call("-", _call("-", _A, _B), _C)),
        ("-a / (b)", _call("/", _call("-", _A), _B)),
        ("not a = 1 and b or c", None),
        ("a != 1", _call("!=", _A, Number(1.0, 0))),
        ("a <> .5e1", _call("!=", _A, Number(5.0, 0))),
        ("a == 'it\\'s'", _call("=", _A, Text("it's", 0))),
        ('if(a, "x\\\\", lower())', _call("if", _A, Text("x\\", 0), _call("lower"))),
        ("`cart value`.5", None),
        ("$os", Name("$os", 0)),
        ("cart.value", Name("cart.value", 0)),
        ("`a-b`", Name("a-b", 0)),
        ("größe", Name("größe", 0)),
    ],
)
def test_an_expression_is_read(text: str, tree: syntax.Node | None) -> None:
    if tree is None:
        tree = {
            "not a = 1 and b or c": _call(
                "or", _call("and", _call("not", _call("=", _A, Number(1.0, 0))), _B), _C
            )
        }.get(text)
    if tree is None:
        with pytest.raises(InvalidQuery):
            syntax.parse(text, "f")
    else:
        assert syntax.parse(text, "f") == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: character 1: the expression ends where a value should be"),
        ("a +", "f: character 4: the expression ends where a value should be"),
        ("a b", "f: character 3: 'b' is where an operator should be"),
        ("a § b", "f: character 3: '§' does not belong here"),
        ('lower("x', 'f: character 7: the closing " is missing'),
        ("lower(a", "f: character 8: the expression ends where a closing parenthesis should be"),
        ("a = b = c", "f: character 7: '=' is where an operator should be"),
        ("1e999", "f: character 1: the number is too large"),
        ("(" * 40 + "a", "f: character 31: it is nested too deeply"),
        ("-" * 40 + "a", "f: character 30: it is nested too deeply"),
        (" + ".join("a" * 100), "f: character 243: too many are joined"),
    ],
)
def test_what_is_none_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        syntax.parse(text, "f")
    assert str(refused.value) == message
