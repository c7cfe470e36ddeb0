"""The words and signs that expressions are made of (``syntax``), each with its place."""

import re
from dataclasses import dataclass
from typing import Final

from whipstitch.core.errors import InvalidQuery

END: Final = "end"
"""The kind of the last token."""
_WORDS: Final = {"and": "and", "or": "or", "not": "not", "&&": "and", "||": "or", "!": "not"}
_SIGNS: Final = {"==": "=", "<>": "!="}
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d][\w$]*(?:\.[\w$]+)*|\$[\w$]*(?:\.[\w$]+)*)
    | `(?P<quoted>[^`]+)`
    | "(?P<double>(?:[^"\\]|\\.)*)"
    | '(?P<single>(?:[^'\\]|\\.)*)'
    | (?P<sign>&&|\|\||==|!=|<>|<=|>=|[-+*/=<>!(),])
    )""",
    re.VERBOSE | re.DOTALL,
)


def problem(path: str, at: int, message: str) -> InvalidQuery:
    """What is wrong at a place of the expression that the field ``path`` has."""
    return InvalidQuery(path, f"character {at + 1}: {message}")


@dataclass(frozen=True, slots=True)
class SyntaxToken:
    kind: str
    value: str
    at: int


def tokens(text: str, path: str) -> list[SyntaxToken]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            if text[place] in "\"'`":
                raise problem(path, place, f"the closing {text[place]} is missing")
            raise problem(path, place, f"{text[place]!r} does not belong here")
        kind = match.lastgroup or ""
        value, start = match[kind], match.start(kind)
        at = match.end()
        if kind in ("double", "single"):
            found.append(
                SyntaxToken("text", re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL), start - 1)
            )
        elif kind == "quoted":
            found.append(SyntaxToken("name", value, start - 1))
        elif kind == "name" and value in _WORDS:
            found.append(SyntaxToken("sign", _WORDS[value], start))
        elif kind == "sign":
            found.append(SyntaxToken(kind, _WORDS.get(value, _SIGNS.get(value, value)), start))
        else:
            found.append(SyntaxToken(kind, value, start))
    return [*found, SyntaxToken(END, "", end)]
