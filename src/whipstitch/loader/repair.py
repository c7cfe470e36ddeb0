"""Mends properties that ClickHouse's JSON will not take, for the copy that queries read. What the
client sent is kept beside it, untouched."""

import json
import re
from typing import Any, Final

_DEEPEST: Final = 400
"""Levels that stay structure; what lies deeper becomes text. ClickHouse gives up near 1000."""
_MOST_DIGITS: Final = 4000
# Possessive: what is tried once is not kept in memory to be tried again.
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)


def repair(sent: bytes) -> str | None:
    """The JSON object ``sent`` with bytes that are no UTF-8 as U+FFFD, numbers beyond a double's
    range as text, and what is nested too deep as text of that part. None: it needs none of this.
    Of equal keys the first one counts, as in ClickHouse. Lone surrogates never come here: what
    holds one is refused at the door.

    Raises:
        ValueError: it is no JSON object.
    """
    text = sent.decode("utf-8", errors="replace")
    shallow = _flatten(text)
    mended = shallow != text or "\ufffd" in text

    def number(digits: str) -> Any:
        nonlocal mended
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            mended = True
            return digits
        return value

    def whole(digits: str) -> Any:
        nonlocal mended
        if len(digits) > _MOST_DIGITS:
            mended = True
            return digits
        return int(digits)

    def constant(name: str) -> str:
        nonlocal mended
        mended = True
        return name

    value = json.loads(
        shallow,
        strict=False,
        parse_float=number,
        parse_int=whole,
        parse_constant=constant,
        object_pairs_hook=_first_of_equals,
    )
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return json.dumps(value, ensure_ascii=False) if mended else None


def _first_of_equals(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _flatten(text: str) -> str:
    """``text`` with each part below the deepest level as a string of its text."""
    kept: list[str] = []
    depth = copied = part = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in ("{", "["):
            depth += 1
            if depth == _DEEPEST + 1:
                part = token.start()
                kept.append(text[copied:part])
        elif mark in ("}", "]"):
            if depth == _DEEPEST + 1:
                copied = token.end()
                kept.append(json.dumps(text[part:copied], ensure_ascii=False))
            depth -= 1
    kept.append(text[copied:])
    return "".join(kept)
