"""Versions, in the order of Semantic Versioning 2.0 (https://semver.org).

More than that is read: a ``v`` in front, any number of numbers (those that are not there are 0:
``2.4`` is ``2.4.0``), and zeros in front of numbers."""

import re
from typing import Final

_NUMBERS: Final = r"[0-9]+(?:[.][0-9]+)*"
_PARTS: Final = r"[0-9A-Za-z-]+(?:[.][0-9A-Za-z-]+)*"
_VERSION: Final = rf"^[vV]?({_NUMBERS})(?:-({_PARTS}))?(?:[+]{_PARTS})?$"
"""Groups: the numbers, and what makes it a pre-release."""


def is_version(text: str) -> bool:
    return "\n" not in text and re.match(_VERSION, text) is not None


def compared(text: str, comparison: str, wanted: str) -> str:
    """Whether ``text``, a Nullable(String), is a version that stands so to ``wanted``, an
    expression of one; never NULL."""
    found, asked = _groups(f"ifNull({text}, '')"), _groups(wanted)
    return f"(notEmpty({found}) AND {_place(found)} {comparison} {_place(asked)})"


def _groups(text: str) -> str:
    return f"extractGroups({text}, '{_VERSION}')"


def _place(groups: str) -> str:
    """What sorts as the version does whose groups these are: its numbers, whether it is no
    pre-release, and the parts of that. Of numbers the one with more digits is larger; parts that
    are numbers come before others."""
    numbers, parts = (f"arrayElement({groups}, {place})" for place in (1, 2))
    # 2.4.0 is 2.4, and of arrays that begin alike the shorter one comes first.
    numbers = f"splitByChar('.', replaceRegexpOne({numbers}, '([.]0+)+$', ''))"
    digits = "trim(LEADING '0' FROM one)"
    return (
        f"(arrayMap(one -> (length({digits}), {digits}), {numbers}), {parts} = '', "
        f"arrayMap(one -> if(match(one, '^[0-9]+$'), (0, length({digits}), {digits}), "
        f"(1, 0, one)), splitByChar('.', {parts})))"
    )
