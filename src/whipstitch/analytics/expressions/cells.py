"""Cells of files for spreadsheets: SQL that gives their text."""

from codecs import BOM_UTF8
from typing import Final

CSV: Final = "text/csv; charset=utf-8"
CSV_PREFIX: Final = BOM_UTF8
"""Without a byte order mark Excel takes the text for its system's old encoding."""
_FORMULA_STARTS: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet takes for a formula's beginning, or passes over before one. Full-width forms
are read like the others where the system's language has them."""
_IN_SQL: Final = ", ".join(
    "'" + {"\t": "\\t", "\r": "\\r", "\n": "\\n"}.get(one, one) + "'" for one in _FORMULA_STARTS
)


def rfc3339(moment: str) -> str:
    """A DateTime64(3, 'UTC') as text."""
    return f"concat(replaceOne(toString({moment}), ' ', 'T'), 'Z')"


def harmless(text: str) -> str:
    """``text``, with an apostrophe in front where a spreadsheet would take it for a formula."""
    begins = f"substringUTF8({text}, 1, 1) IN ({_IN_SQL})"
    return f"if({begins}, concat('\\'', {text}), toString({text}))"


def defused(text: str) -> str:
    """The same of a text that is at hand."""
    return f"'{text}" if text.startswith(tuple(_FORMULA_STARTS)) else text
