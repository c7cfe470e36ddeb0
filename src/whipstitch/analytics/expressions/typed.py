"""Values of expressions, which are of a kind, and how one kind is read as another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.functions import NULL_NUMBER
from whipstitch.analytics.expressions.numbers import number_in

Kind = Literal["any", "text", "number", "condition"]
CALLED: Final[Mapping[Kind, str]] = {
    "any": "a value",
    "text": "text",
    "number": "a number",
    "condition": "true or false",
}


@dataclass(frozen=True, slots=True)
class Value:
    """``sql`` is of the kind; ``number`` and ``exists`` are those of a value of any kind."""

    kind: Kind
    sql: str
    number: str = ""
    exists: str = ""

    def as_text(self) -> str:
        """A Nullable(String)."""
        if self.kind == "number":
            return f"toString({finite(self.sql)})"
        return f"if({self.sql}, 'true', 'false')" if self.kind == "condition" else self.sql

    def as_number(self) -> str:
        """A Nullable(Float64)."""
        if self.kind == "any":
            return self.number
        if self.kind == "condition":
            return NULL_NUMBER
        return self.sql if self.kind == "number" else number_in(self.sql)


def finite(number: str) -> str:
    """-0 is 0."""
    return f"if(isFinite({number}), {number} + 0, NULL)"


def one_of(found: Sequence[Value], conditions: Sequence[str]) -> Value:
    """The first whose condition is met, or the last, which has none. They may be of several
    kinds."""

    def choose(parts: Sequence[str]) -> str:
        if len(parts) == 1:
            return parts[0]
        both = (f"{if_}, {then}" for if_, then in zip(conditions, parts, strict=False))
        return f"multiIf({', '.join(both)}, {parts[-1]})"

    kinds = {one.kind for one in found}
    if len(kinds) == 1 and kinds != {"any"}:
        return Value(found[0].kind, choose([one.sql for one in found]))
    text = choose([one.as_text() for one in found])
    if not kinds <= {"any", "number"}:
        return Value("text", text)
    return Value("any", text, choose([one.as_number() for one in found]))
