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
    range as text, what is nested too deep as text of that part, and of equal keys the last one, at
    the place of the first. None: it needs none of this. Lone surrogates never come here: what holds
    one is refused at the door.

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

    def object_(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal mended
        found = dict(pairs)
        mended = mended or len(found) != len(pairs)
        return found

    value = json.loads(
        shallow,
        strict=False,
        parse_float=number,
        parse_int=whole,
        parse_constant=constant,
        object_pairs_hook=object_,
    )
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return json.dumps(value, ensure_ascii=False) if mended else None


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
