"""The functions of expressions over properties, in SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.numbers import number_in

ARITHMETIC: Final = frozenset("+-*/")
COMPARISONS: Final = frozenset(("=", "!=", "<", "<=", ">", ">="))
NULL_TEXT: Final = "CAST(NULL, 'Nullable(String)')"
NULL_NUMBER: Final = "CAST(NULL, 'Nullable(Float64)')"
Takes = Literal["text", "number", "constant", "quoted", "place"]
"""What an argument is: ``quoted`` is text in quotes, a ``constant`` such that is not blank, a
``place`` a whole number from 1 on."""
_MOST: Final = 20
# The host of an address, or what stands behind the @ of an e-mail address.
_DOMAIN: Final = r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#]*@)?([^/?#:@>\\s]+)"


@dataclass(frozen=True, slots=True)
class Function:
    """``takes``: of each argument, the last one's of all further ones, of which there are from
    ``least`` to ``most``. ``made``: the SQL of it, of those of its arguments."""

    takes: tuple[Takes, ...]
    gives: Literal["text", "number", "condition"]
    made: Callable[..., str]
    least: int = 1
    most: int = 1


def _of_text(template: str) -> Function:
    return Function(("text",), "text", template.format)


def _of_number(name: str) -> Function:
    return Function(("number",), "number", f"{name}({{}})".format)


def _asked(template: str) -> Function:
    return Function(("text", "text"), "condition", f"ifNull({template}, 0)".format, 2, 2)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "lower": _of_text("lowerUTF8({})"),
    "upper": _of_text("upperUTF8({})"),
    "trim": _of_text("trimBoth({})"),
    "text": _of_text("{}"),
    "domain": _of_text(f"nullIf(lowerUTF8(extract(ifNull({{}}, ''), '{_DOMAIN}')), '')"),
    "length": Function(("text",), "number", "toFloat64(lengthUTF8({}))".format),
    "concat": Function(
        ("text",), "text", lambda *texts: f"concat({', '.join(texts)}, '')", most=_MOST
    ),
    "substring": Function(
        ("text", "place", "place"),
        "text",
        lambda *parts: f"substringUTF8({', '.join(parts)})",
        2,
        3,
    ),
    "replace": Function(
        ("text", "constant", "quoted"), "text", "replaceAll({}, {}, {})".format, 3, 3
    ),
    "split": Function(
        ("text", "constant", "place"),
        "text",
        lambda text, by, place: f"nullIf(splitByString({by}, ifNull({text}, ''))[{place}], '')",
        3,
        3,
    ),
    "number": Function(("text",), "number", number_in),
    "abs": _of_number("abs"),
    "round": _of_number("round"),
    "floor": _of_number("floor"),
    "ceil": _of_number("ceil"),
    "contains": _asked("position({}, {}) > 0"),
    "starts_with": _asked("startsWith({}, {})"),
    "ends_with": _asked("endsWith({}, {})"),
}
