"""What expressions over properties give, against plain Python."""

import math
import operator
import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.reference import Event, World, Worlds

from whipstitch.analytics.expressions import properties, syntax
from whipstitch.analytics.expressions.syntax import Call, Name, Node, Number, Text
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import SETTLED
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Rows

Found = str | float | bool | None


def _shown(value: Found) -> str | None:
    """As text; numbers as ClickHouse writes them, in ranges where Python writes them so, too."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not math.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else repr(value)


def _number(value: Found) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = reference.number_in(value) if isinstance(value, str) else value
    return None if number is None or not math.isfinite(number) else float(number)


def _worked_out(node: Node, event: Event, kinds: Callable[[Node], str]) -> Found:
    """The value of an expression for an event. ``kinds``: what kind it is of."""

    def of(one: Node) -> Found:
        return _worked_out(one, event, kinds)

    if isinstance(node, Number | Text):
        return node.value
    if isinstance(node, Name):
        value = event.properties.get(node.value)
        return value if value is None or isinstance(value, str | bool) else float(value)
    name, arguments = node.function, node.arguments
    if name in ("+", "-", "*", "/"):
        numbers = [_number(of(one)) for one in arguments]
        left, right = numbers if len(numbers) == 2 else (0.0, numbers[0])
        if left is None or right is None or (name == "/" and right == 0):
            return None
        return {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1)}[
            name
        ]
    if name in ("=", "!=", "<", ">="):
        told = {kinds(one) for one in arguments}
        by_number = "number" in told or (told == {"any"} and name not in ("=", "!="))
        read: Callable[[Found], Any] = _number if by_number else _shown
        left, right = (read(of(one)) for one in arguments)
        if left is None or right is None:
            return name == "!="
        compared = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}
        return bool(compared[name](left, right))
    if name in ("and", "or", "not"):
        met = [of(one) is True for one in arguments]
        return not met[0] if name == "not" else (all(met) if name == "and" else any(met))
    if name == "if":
        return of(arguments[1]) if of(arguments[0]) is True else of(arguments[2])
    if name == "coalesce":
        return next((found for one in arguments if _shown(found := of(one)) is not None), None)
    texts = [_shown(of(one)) for one in arguments]
    if name == "concat":
        return None if None in texts else "".join(map(str, texts))
    if texts[0] is None:
        return False if name == "contains" else None
    if name == "contains":
        return texts[1] is not None and texts[1] in texts[0]
    if name == "length":
        return float(len(texts[0]))
    if name == "trim":
        return texts[0].strip(" ")
    return texts[0].lower() if name == "lower" else texts[0].upper()


def _ask(worlds: Worlds, events: list[Event], *trees: Node) -> list[list[tuple[Any, ...]]]:
    """Of each event, of each tree: text, number, exists."""
    world = worlds.put(World(events))

    async def ask(reading: QuerySession) -> Rows:
        values = Parameters()
        found = [properties.of_event("x", reading.persons, values, one) for one in trees]
        columns = ", ".join(f"({one.text}, {one.number}, {one.exists})" for one in found)
        sql = f"SELECT {columns} FROM events WHERE {IN_SCOPE} ORDER BY accepted"
        return await reading.run(values.sql(sql))

    return [[tuple(one) for one in row] for row in worlds.read(world.scope(), ask)]


_NAMES = ("a", "b", "c")
_NUMBERS = st.integers(-20, 20).map(float) | st.sampled_from([0.5, -2.25, 1e6])
_TEXTS = st.sampled_from(["", "CH", "ch", " x ", "3", "2.5", "Ärger", "a'b\\", "true"])
_VALUES = st.none() | _NUMBERS | _TEXTS | st.booleans()


def _call(function: str, *arguments: Node) -> Node:
    return Call(function, arguments, 0)


def _of_numbers(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(_call, st.sampled_from("+-*/"), inner, inner) | st.builds(
        _call, st.just("-"), inner
    )


_name = st.sampled_from(_NAMES).map(lambda one: Name(one, 0))

_numeric: st.SearchStrategy[Node] = st.recursive(
    _name | _NUMBERS.map(lambda one: Number(one, 0)), _of_numbers, max_leaves=5
)
_textual: st.SearchStrategy[Node] = st.recursive(
    _name | _TEXTS.map(lambda one: Text(one, 0)),
    lambda inner: (
        st.builds(_call, st.sampled_from(["lower", "upper", "trim"]), inner)
        | st.builds(_call, st.just("concat"), inner, inner)
    ),
    max_leaves=4,
)


def _conditions(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(_call, st.sampled_from(["and", "or"]), inner, inner) | st.builds(
        _call, st.just("not"), inner
    )


_compared = st.sampled_from(["=", "!=", "<", ">="])
_condition: st.SearchStrategy[Node] = st.recursive(
    st.builds(_call, _compared, _numeric, _numeric)
    | st.builds(_call, _compared, _textual, _textual)
    | st.builds(_call, st.just("contains"), _textual, _textual),
    _conditions,
    max_leaves=4,
)
_expression: st.SearchStrategy[Node] = (
    _numeric
    | _textual
    | _condition
    | st.builds(_call, st.just("length"), _textual)
    | st.builds(_call, st.just("if"), _condition, _numeric | _textual, _numeric | _textual)
    | st.builds(_call, st.just("coalesce"), _numeric | _textual, _numeric | _textual)
)


def _kind(node: Node) -> str:
    if isinstance(node, Name):
        return "any"
    if isinstance(node, Number) or (isinstance(node, Call) and node.function in "+-*/length"):
        return "number"
    return "text"


@settings(max_examples=examples(6))
@given(
    st.lists(_expression, min_size=12, max_size=12),
    st.lists(st.fixed_dictionaries(dict.fromkeys(_NAMES, _VALUES)), min_size=6, max_size=6),
)
def test_an_expression_gives_what_python_makes_of_it(
    worlds: Worlds, trees: list[Node], sent: list[dict[str, Any]]
) -> None:
    events = [Event("seen", "ann", at, one) for at, one in enumerate(sent)]

    for event, row in zip(events, _ask(worlds, events, *trees), strict=True):
        for tree, (text, number, exists) in zip(trees, row, strict=True):
            value = _worked_out(tree, event, _kind)
            expected = _shown(value)
            # Notations of tiny and huge numbers differ: the number is compared.
            found = expected if _is_exponent(text) or _is_exponent(expected) else text
            wanted = (expected, _number(value), int(expected is not None))
            assert (found, number, exists) == wanted, (tree, event.properties)


def _is_exponent(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"-?[0-9.]+e[+-]?\d+", text) is not None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("amount / 100", 12.5),
        ('concat(first, " ", last)', "Ada Lovelace"),
        ("lower(plan)", "pro"),
        ('if(country = "CH", "home", "abroad")', "home"),
        ("domain(email)", "example.com"),
        ('domain("https://ada:x@www.Example.com:8080/a?b#c")', "www.example.com"),
        ('domain("Ada <ada@example.com>")', "example.com"),
        ('domain("")', None),
        ("split(plan, '-', 2)", None),
        ("split(email, '@', 1)", "Ada"),
        ("substring(first, 2)", "da"),
        ("substring(first, 1, 1)", "A"),
        ("replace(last, 'e', '')", "Lovlac"),
        ("number('1e3') + round(2.7) + floor(-0.5) + ceil(0.2) + abs(-1)", 1004),
        ("text(amount)", "1250"),
        ("concat(amount / 3 > 1)", "true"),
        ("starts_with(email, 'Ada') and ends_with(email, 'com')", True),
        ("in(country, 'AT', 'CH')", True),
        ("is_set(missing) or is_set(amount)", True),
        ("is_set(cart) and not is_set(cart.none)", True),
        ("cart.value * 2", 6),
        ("coalesce(missing, null, 'none')", "none"),
        ("coalesce(plan, 5)", "PRO"),
        ("coalesce(amount / 0, amount)", 1250),
        ("if(missing > 1, 1, plan = 'PRO', 2, 3)", 2),
        ("missing + 1", None),
        ("1 / 0", None),
        ("1e300 * 1e300", None),
        ("`{v0:Float64}`", "odd"),
        ("default_only", "d"),
        ("is_paying", True),
        ("if(is_paying, 1, 0)", 1),
    ],
)
def test_examples(worlds: Worlds, expression: str, value: Found) -> None:
    sent = {
        "amount": 1250,
        "first": "Ada",
        "last": "Lovelace",
        "plan": "PRO",
        "country": "CH",
        "email": "Ada@Example.com",
        "cart": {"value": 3},
        "{v0:Float64}": "odd",
        "is_paying": True,
    }
    event = Event("seen", "ann", 0, sent, {"default_only": "d"})

    (((text, number, exists),),) = _ask(worlds, [event], syntax.parse(expression, "f"))

    assert (text, number, exists) == (_shown(value), _number(value), int(value is not None))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 + lower(a)", "x: character 5: this is text where a number is wanted: number(…) reads"),
        ("1 + (a = 1)", "x: character 8: this is true or false where a number is wanted"),
        ("not lower(a)", "x: character 5: this is text where a condition is wanted"),
        ("lower(a) = 1", "x: character 10: text is compared with a number"),
        ("lower(a, b)", "x: character 1: lower needs 1 in its parentheses"),
        ("sleep(3)", "x: character 1: there is no function sleep; there are abs, ceil,"),
        ("split(a, b, 1)", "x: character 10: split needs text in quotes here"),
        ("substring(a, 0)", "x: character 14: substring needs a whole number from 1 to 1,000"),
        ("if(a = 1, 2)", "x: character 1: if needs a condition, a value, and one for otherwise"),
        ("number(text(" * 12 + "a" + "))" * 12, "it is too large"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_with_its_place(expression: str, message: str) -> None:
    tree = syntax.parse(expression, "x")
    with pytest.raises(InvalidQuery) as refused:
        properties.of_event("x", SETTLED, Parameters(), tree)
    assert message in str(refused.value)


def test_random_bytes_never_reach_sql(worlds: Worlds) -> None:
    random = Random(1)  # noqa: S311
    nasty = ["'", '"', "\\", "`", "{v0:String}", "--", ";", "\x00", "%s", "é"]
    texts = ["".join(random.choices(nasty, k=4)).replace("\x00", "") for _ in range(20)]
    trees = [_call("concat", Text(text, 0), Name("a", 0)) for text in texts]

    (row,) = _ask(worlds, [Event("seen", "ann", 0, {"a": "!"})], *trees)

    assert [text for text, _, _ in row] == [f"{text}!" for text in texts]
