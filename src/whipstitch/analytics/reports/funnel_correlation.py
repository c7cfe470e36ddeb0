"""What goes together with converting: the numbers of each candidate, and what they allow to say.

A candidate is a mark that people of a funnel have or have not: an event that they did on the way,
the value of a property of the event that their attempt begins with, or of one of theirs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.statistics.two_by_two import Test, TwoByTwo, adjusted, odds_ratio, p_value

Outcome = Literal["converted", "dropped"]
Kind = Literal["event", "event_property", "person_property"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
GoesWith = Literal["converting", "dropping_out", "unclear", "too_few"]

MOST: Final = 200
"""Events, and values of properties of each kind, in an answer."""
LEAST_PEOPLE: Final = 10
"""With a mark, and without it: of fewer nothing is said."""
LEVEL: Final = 0.05
"""Up to this p value, corrected, a mark is said to go with an outcome."""


@dataclass(frozen=True, slots=True)
class Mark:
    """``name`` is an event's, or a property's whose ``value`` it is."""

    kind: Kind
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The people of a number: of one ``outcome``, and if ``mark`` is given with or without it."""

    outcome: Outcome
    mark: Mark | None = None
    present: bool = True


class Correlated(msgspec.Struct, kw_only=True):
    """A mark, the four cells of its table, and what follows from them. ``adjusted_p_value`` is
    corrected for the number of candidates that were tested; None where there are ``too_few``."""

    event_name: str | UnsetType = UNSET
    property: str | UnsetType = UNSET
    on: Literal["event", "person"] | UnsetType = UNSET
    value: str | UnsetType = UNSET
    converted_with: int
    converted_without: int
    dropped_with: int
    dropped_without: int
    odds_ratio: float
    interval: tuple[float, float]
    goes_with: GoesWith
    p_value: float | None = None
    adjusted_p_value: float | None = None
    test: Test | None = None


class Candidates(msgspec.Struct):
    """How many there were of each kind, of which those that most people have are in the answer."""

    events: int = 0
    event_properties: int = 0
    person_properties: int = 0


class Correlation(msgspec.Struct, kw_only=True):
    """``undecided``: of those who dropped out, who still had time when the range ended, or has some
    now. ``left_out``: events that decide who converts, which are no candidates."""

    converted: int
    dropped: int
    undecided: int
    correlations: list[Correlated]
    candidates: Candidates
    left_out: list[str]


Counts = Sequence[Sequence[Any]]
"""Rows of: mark (a name and a value, both blank: everybody), how many people with it converted,
dropped out and are undecided, and how many rows there were, of which those of most people are."""


def shape(found: dict[Kind, Counts], left_out: Sequence[str]) -> Correlation:
    """The answer that the rows of each kind make."""
    converted, dropped, undecided = _everybody(found["event"])
    marks = [
        (Mark(kind, *mark), (with_, without))
        for kind, rows in found.items()
        for mark, with_, without, *_ in rows
        # What everybody has tells nobody apart.
        if mark[0] and 0 < with_ + without < converted + dropped
    ]
    each = [(one, _table(counts, converted, dropped)) for one, counts in marks]
    candidates = Candidates(*(rows[0][-1] - 1 if rows else 0 for rows in found.values()))
    return Correlation(
        converted=converted,
        dropped=dropped,
        undecided=undecided,
        correlations=sorted(_told(each), key=_rank),
        candidates=candidates,
        left_out=list(left_out),
    )


def _everybody(rows: Counts) -> tuple[int, int, int]:
    for (name, _), converted, dropped, undecided, _ in rows:
        if not name:
            return converted, dropped, undecided
    return 0, 0, 0


def _table(with_: tuple[int, int], converted: int, dropped: int) -> TwoByTwo:
    return TwoByTwo(with_, (converted - with_[0], dropped - with_[1]))


def _told(each: Sequence[tuple[Mark, TwoByTwo]]) -> Iterator[Correlated]:
    tested = {mark: p_value(table) for mark, table in each if min(table.margins) >= LEAST_PEOPLE}
    corrected = dict(zip(tested, adjusted([p for p, _ in tested.values()]), strict=True))
    for mark, table in each:
        (converted_with, dropped_with), (converted_without, dropped_without) = (
            table.first,
            table.second,
        )
        ratio = odds_ratio(table)
        shown = Correlated(
            converted_with=converted_with,
            converted_without=converted_without,
            dropped_with=dropped_with,
            dropped_without=dropped_without,
            odds_ratio=ratio.value,
            interval=(ratio.low, ratio.high),
            goes_with="too_few",
        )
        if mark.kind == "event":
            shown.event_name = mark.name
        else:
            shown.property, shown.value = mark.name, mark.value
            shown.on = "event" if mark.kind == "event_property" else "person"
        if mark in tested:
            shown.p_value, shown.test = tested[mark]
            shown.adjusted_p_value = corrected[mark]
            if corrected[mark] > LEVEL:
                shown.goes_with = "unclear"
            else:
                shown.goes_with = "converting" if ratio.value > 1 else "dropping_out"
        yield shown


def _rank(one: Correlated) -> tuple[int, float, int, str, str]:
    """The strongest first: what goes with an outcome, by the end of its interval that is nearer to
    none at all; then what is unclear, by its p value; then what too few have, by people."""
    place = {"unclear": 1, "too_few": 2}.get(one.goes_with, 0)
    low, high = (log(end) for end in one.interval)
    by = one.p_value or 0.0 if place == 1 else -max(low, -high) if place == 0 else 0.0
    people = one.converted_with + one.dropped_with
    return place, by, -people, str(one.event_name or one.property), str(one.value)
