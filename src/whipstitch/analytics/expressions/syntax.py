"""The syntax of expressions: formulas over series, and properties worked out from others.

From the loosest to the tightest: ``or``, ``and``, ``not``, comparisons (``= != < <= > >=``),
``+ -``, ``* /``, a sign; then numbers, text in quotes (a quote in it stands behind a backslash),
names, ``function(…)`` and parentheses. Names that have other characters than letters, digits,
``_ $ .`` stand in backticks."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from whipstitch.analytics.expressions.tokens import END, SyntaxToken, problem, tokens
from whipstitch.core.errors import InvalidQuery

DEEPEST: Final = 30
_COMPARISONS: Final = frozenset(("=", "!=", "<", "<=", ">", ">="))


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    value: str
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator, by its name or sign, of some arguments. ``at``: the place of the
    first character, from 0 on, as that of all nodes."""

    function: str
    arguments: tuple["Node", ...]
    at: int = field(compare=False)


Node = Number | Text | Name | Call


def parse(text: str, path: str) -> Node:
    """The tree of an expression; ``path`` is the field that has it.

    Raises:
        InvalidQuery: it says at which character.
    """
    return _Parser(tokens(text, path), path).whole()


class _Parser:
    def __init__(self, found: list[SyntaxToken], path: str) -> None:
        self._tokens = found
        self._path = path
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._any()
        if self._next.kind != END:
            raise self._unexpected("an operator")
        return node

    @property
    def _next(self) -> SyntaxToken:
        return self._tokens[self._place]

    def _taken(self, *signs: str) -> SyntaxToken | None:
        """The next token, if it is one of ``signs``."""
        token = self._next
        if token.kind != "sign" or token.value not in signs:
            return None
        self._place += 1
        return token

    def _unexpected(self, wanted: str) -> InvalidQuery:
        token = self._next
        what = "the expression ends" if token.kind == END else f"{token.value!r} is"
        return problem(self._path, token.at, f"{what} where {wanted} should be")

    def _any(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise problem(self._path, self._next.at, "it is nested too deeply")
        node = self._joined(lambda: self._joined(self._not, "and"), "or")
        self._depth -= 1
        return node

    def _joined(self, part: Callable[[], Node], *signs: str) -> Node:
        node = part()
        count = 0
        while (token := self._taken(*signs)) is not None:
            count += 1
            if count > DEEPEST * 2:
                raise problem(self._path, token.at, "too many are joined")
            node = Call(token.value, (node, part()), token.at)
        return node

    def _not(self) -> Node:
        return self._signed(self._comparison, self._not, "not")

    def _signed(self, plain: Callable[[], Node], again: Callable[[], Node], *signs: str) -> Node:
        if (token := self._taken(*signs)) is None:
            return plain()
        self._depth += 1
        if self._depth > DEEPEST:
            raise problem(self._path, token.at, "it is nested too deeply")
        node = Call(token.value, (again(),), token.at)
        self._depth -= 1
        return node

    def _comparison(self) -> Node:
        node = self._sum()
        if (token := self._taken(*_COMPARISONS)) is not None:
            return Call(token.value, (node, self._sum()), token.at)
        return node

    def _sum(self) -> Node:
        return self._joined(lambda: self._joined(self._sign, "*", "/"), "+", "-")

    def _sign(self) -> Node:
        return self._signed(self._one, self._sign, "+", "-")

    def _one(self) -> Node:
        token = self._next
        if self._taken("("):
            node = self._any()
            self._close()
            return node
        if token.kind not in ("number", "text", "name"):
            raise self._unexpected("a value")
        self._place += 1
        if token.kind == "number":
            if not math.isfinite(number := float(token.value)):
                raise problem(self._path, token.at, "the number is too large")
            return Number(number, token.at)
        if token.kind == "text":
            return Text(token.value, token.at)
        return self._call(token) if self._taken("(") else Name(token.value, token.at)

    def _call(self, name: SyntaxToken) -> Node:
        arguments: list[Node] = []
        if not self._taken(")"):
            arguments.append(self._any())
            while self._taken(","):
                arguments.append(self._any())
            self._close()
        return Call(name.value, tuple(arguments), name.at)

    def _close(self) -> None:
        if not self._taken(")"):
            raise self._unexpected("a closing parenthesis")
