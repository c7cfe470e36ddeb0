"""A row of the table, and how often a figure is measured for it."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

ROUNDS: Final = 3
"""A row shows the median of as many rounds. Rounds of things that are compared are run in turn,
because the machine's speed drifts."""


class Row(NamedTuple):
    """``goal`` is what must be reached, as text. ``reached`` is None where it cannot be measured on
    this machine; ``value`` says why."""

    figure: str
    value: str
    goal: str
    reached: bool | None


Figure = Callable[[bool], Iterator[Row]]
"""Measures rows. The argument asks for the smoke run, which is short; its numbers mean nothing."""
