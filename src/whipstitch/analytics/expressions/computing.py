"""Expressions over properties in SQL: ``amount / 100``, ``if(country = "CH", "home", "abroad")``.

What they give is text, a number, or a condition (true or false); a property, and what is chosen of
several kinds, may be read as text and as a number. Numbers are Float64. What lacks a part is
missing, but conditions never are: a comparison with what is missing is not met, ``!=`` is what
``=`` is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.expressions import functions
from whipstitch.analytics.expressions.functions import NULL_NUMBER, NULL_TEXT
from whipstitch.analytics.expressions.syntax import Call, Name, Node, Number, Text
from whipstitch.analytics.expressions.tokens import problem
from whipstitch.analytics.expressions.typed import CALLED, Value, finite, one_of
from whipstitch.analytics.expressions.values import Expressions
from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters

LARGEST: Final = 100_000
"""Characters of SQL."""


def of(
    tree: Node, sent: Callable[[str], Expressions], values: Parameters, path: str
) -> Expressions:
    """The value of ``tree``; ``sent`` gives those of the properties that it names, ``path`` is what
    errors call it.

    Raises:
        InvalidQuery: it cannot be worked out; says at which character.
    """
    value = _Maker(sent, values, path).value(tree)
    text = f"toNullable({value.as_text()})"
    number = value.as_number()
    if value.kind == "number":
        number = finite(number)
    return Expressions(text, f"toNullable({number})", f"isNotNull({text})")


@dataclass(frozen=True, slots=True)
class _Maker:
    sent: Callable[[str], Expressions]
    values: Parameters
    path: str

    def value(self, node: Node) -> Value:
        made = self._made(node)
        if len(made.sql) + len(made.number) > LARGEST:
            raise self._problem(node, "it is too large")
        return made

    def _made(self, node: Node) -> Value:
        if isinstance(node, Number):
            return Value("number", self.values.add(node.value, "Float64"))
        if isinstance(node, Text):
            return Value("text", self.values.add(node.value))
        if isinstance(node, Name):
            return self._named(node)
        if node.function in functions.ARITHMETIC:
            return self._arithmetic(node)
        if node.function in functions.COMPARISONS:
            return self._compared(node)
        if node.function in ("and", "or", "not"):
            return self._joined(node)
        if node.function in _SPECIAL:
            return _SPECIAL[node.function](self, node)
        if node.function in functions.FUNCTIONS:
            return self._called(node, functions.FUNCTIONS[node.function])
        known = ", ".join(sorted((*functions.FUNCTIONS, *_SPECIAL)))
        raise self._problem(node, f"there is no function {node.function}; there are {known}")

    def _named(self, node: Name) -> Value:
        if node.value == "null":
            return Value("any", NULL_TEXT, NULL_NUMBER, "0")
        if node.value in ("true", "false"):
            return Value("condition", str(int(node.value == "true")))
        found = self.sent(node.value)
        return Value("any", found.text, found.number, found.exists)

    def _arithmetic(self, node: Call) -> Value:
        numbers = [self.number(one) for one in node.arguments]
        if len(numbers) == 1:
            return Value("number", f"({node.function.strip('+')}{numbers[0]})")
        left, right = numbers
        if node.function == "/":
            right = f"nullIf({right}, 0)"
        return Value("number", f"({left} {node.function} {right})")

    def _compared(self, node: Call) -> Value:
        left, right = (self.value(one) for one in node.arguments)
        kinds = {left.kind, right.kind}
        if kinds == {"text", "number"}:
            raise self._problem(node, "text is compared with a number: number(…) reads text as one")
        if "condition" in kinds and len(kinds) > 1:
            left, right = (Value("text", one.as_text()) for one in (left, right))
        by_number = "number" in kinds or (kinds == {"any"} and node.function not in ("=", "!="))
        first, second = (one.as_number() if by_number else one.as_text() for one in (left, right))
        if node.function == "!=":
            return Value("condition", f"(NOT ifNull({first} = {second}, 0))")
        return Value("condition", f"ifNull({first} {node.function} {second}, 0)")

    def _joined(self, node: Call) -> Value:
        parts = [self.condition(one) for one in node.arguments]
        if node.function == "not":
            return Value("condition", f"(NOT {parts[0]})")
        return Value("condition", f"({f' {node.function.upper()} '.join(parts)})")

    def _if(self, node: Call) -> Value:
        if len(node.arguments) < 3 or len(node.arguments) % 2 == 0:
            raise self._problem(
                node, "if needs a condition, a value, and one for otherwise (or more such pairs)"
            )
        *pairs, otherwise = node.arguments
        conditions = [self.condition(one) for one in pairs[::2]]
        chosen = [self.value(one) for one in (*pairs[1::2], otherwise)]
        return one_of(chosen, conditions)

    def _coalesce(self, node: Call) -> Value:
        if not node.arguments:
            raise self._problem(node, "coalesce needs a value")
        found = [self.value(one) for one in node.arguments]
        # As text: whatever the kind, a value that is there has one.
        return one_of(found, [f"isNotNull({one.as_text()})" for one in found[:-1]])

    def _is_set(self, node: Call) -> Value:
        if len(node.arguments) != 1:
            raise self._problem(node, "is_set needs one value")
        value = self.value(node.arguments[0])
        return Value("condition", value.exists or f"isNotNull({value.as_text()})")

    def _in(self, node: Call) -> Value:
        if len(node.arguments) < 2:
            raise self._problem(node, "in needs a value and what it may be")
        value, *others = node.arguments
        equal = (self._compared(Call("=", (value, one), one.at)).sql for one in others)
        return Value("condition", f"({' OR '.join(equal)})")

    def _called(self, node: Call, function: functions.Function) -> Value:
        least, most = function.least, function.most
        if not least <= len(node.arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self._problem(node, f"{node.function} needs {wanted} in its parentheses")
        arguments = [
            self._argument(one, function.takes[min(at, len(function.takes) - 1)], node)
            for at, one in enumerate(node.arguments)
        ]
        return Value(function.gives, function.made(*arguments))

    def _argument(self, node: Node, takes: functions.Takes, call: Call) -> str:
        if takes == "text":
            return self.text(node)
        if takes == "number":
            return self.number(node)
        if takes in ("constant", "quoted"):
            if not isinstance(node, Text) or (takes == "constant" and not node.value):
                raise self._problem(node, f"{call.function} needs text in quotes here")
            return self.values.add(node.value)
        if not isinstance(node, Number) or node.value not in range(1, 1001):
            raise self._problem(node, f"{call.function} needs a whole number from 1 to 1,000 here")
        return self.values.add(int(node.value), "UInt32")

    def number(self, node: Node) -> str:
        value = self.value(node)
        if value.kind not in ("number", "any"):
            hint = ": number(…) reads text as one" if value.kind == "text" else ""
            raise self._problem(
                node, f"this is {CALLED[value.kind]} where a number is wanted{hint}"
            )
        return value.as_number()

    def text(self, node: Node) -> str:
        return self.value(node).as_text()

    def condition(self, node: Node) -> str:
        value = self.value(node)
        if value.kind == "any":
            return f"ifNull({value.sql} = 'true', 0)"
        if value.kind != "condition":
            raise self._problem(node, f"this is {CALLED[value.kind]} where a condition is wanted")
        return value.sql

    def _problem(self, node: Node, message: str) -> InvalidQuery:
        return problem(self.path, node.at, message)


_SPECIAL: Final[Mapping[str, Callable[[_Maker, Call], Value]]] = {
    "if": _Maker._if,
    "coalesce": _Maker._coalesce,
    "is_set": _Maker._is_set,
    "in": _Maker._in,
}
