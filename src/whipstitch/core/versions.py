"""The order of app versions."""

import re

_PIECES = re.compile(r"\d+|[^\W\d_]+")


def version_order(version: str | None) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts app versions as people read them: ``2.10`` after ``2.9``, ``2.0-beta``
    before ``2.0``."""
    pieces = []
    for piece in _PIECES.findall(version or ""):
        # Python's int() refuses to read thousands of digits; as text of equal length they compare
        # the same, and length is compared first.
        digits = piece.lstrip("0")
        pieces.append((2, len(digits), digits) if piece.isdigit() else (0, 0, piece.lower()))
    return (*pieces, (1, 0, ""))
