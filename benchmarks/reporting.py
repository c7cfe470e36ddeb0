"""What a figure comes to."""

from typing import NamedTuple


class Row(NamedTuple):
    """``goal`` is what must be reached, as text."""

    figure: str
    value: str
    goal: str
    reached: bool
