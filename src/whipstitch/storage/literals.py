"""Texts in statements. The driver writes them one character at a time, and holds the interpreter
meanwhile: of the ids in a segment that takes tenths of a second."""

from collections.abc import Iterable


def literal(text: str) -> str:
    """``text`` as it stands in a statement or in a bound value: on one line, for values end with
    theirs."""
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + text.replace("\n", "\\n").replace("\t", "\\t") + "'"


class Texts:
    """The value of a placeholder ``{name:Array(String)}``. The driver asks what it does not know
    for its ``str``."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = f"[{','.join(map(literal, texts))}]"

    def __str__(self) -> str:
        return self._text
