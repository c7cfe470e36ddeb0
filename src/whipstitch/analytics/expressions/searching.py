"""Text within text, in any case of letters and however they are composed.

Both sides are folded: lower case, composed (NFC), ``İ`` as ``i``, ``ß`` as ``ss`` and the
Greek sigma at the end of a word as any other."""

import unicodedata
from typing import Final

_FOLDED: Final = (("i\u0307", "i"), ("ß", "ss"), ("\u03c2", "\u03c3"))
"""What lower case leaves different."""


def folded(wanted: str) -> str:
    """What is looked for, as ``containing`` compares it."""
    text = unicodedata.normalize("NFC", wanted).lower()
    for other, plain in _FOLDED:
        text = text.replace(other, plain)
    return unicodedata.normalize("NFC", text)


def containing(text: str, wanted: str) -> str:
    """Whether ``text``, an expression, contains ``wanted``, one that gives a ``folded`` text."""
    # To fold is slow, and changes nothing of ASCII that is compared in any case.
    return (
        f"(positionCaseInsensitiveUTF8({text}, {wanted}) > 0 "
        f"OR (length({text}) != lengthUTF8({text}) AND position({folding(text)}, {wanted}) > 0))"
    )


def folding(text: str) -> str:
    """An expression of a text, folded."""
    lower = f"lowerUTF8(normalizeUTF8NFC(toValidUTF8({text})))"
    for other, plain in _FOLDED:
        lower = f"replaceAll({lower}, '{other}', '{plain}')"
    return f"normalizeUTF8NFC({lower})"
