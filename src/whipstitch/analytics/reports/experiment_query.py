"""What an experiment asks for, and what its answer looks like."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions.breakdowns import Breakdown
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.funnel_steps import FunnelMatching

GoalMath = Literal["unique", "total", "sum", "avg"]
Outcome = Literal["exposed", "converted", "not_converted", "several"]

MOST_VARIANTS: Final = 10
"""With the control."""
LONGEST_VALUE: Final = 1_000
DEFAULT_EFFECT: Final = 0.1
MISMATCH: Final = 0.001
"""Below this p value people were not dealt out as they were meant to be."""


@dataclass(frozen=True, slots=True)
class EventGoal:
    """What is done with such events of each person: whether there are some (``unique``), how many
    (``total``), the sum or the mean of a property's numbers."""

    match: Match
    math: GoalMath = "unique"
    property: str | None = None
    computed: Node | None = None
    """How the property is worked out, where it is virtual."""


Goal = EventGoal | FunnelMatching
"""With a funnel's way: whether a person takes its last step that is not optional."""


@dataclass(frozen=True, slots=True)
class ExperimentQuery:
    """``exposure``: what shows a variant, which is the value of ``shown``. ``variants``: the
    control first. ``within``: so many milliseconds after the exposure count, None: all of the
    range. ``shares``: how people were meant to be dealt out. ``filters`` are for all events."""

    exposure: Match
    shown: Breakdown
    variants: tuple[str, ...]
    goal: Goal
    range: TimeRange
    intervals: Intervals
    filters: tuple[Filter, ...] = ()
    within: int | None = None
    shares: tuple[float, ...] = ()
    least_effect: float = DEFAULT_EFFECT
    now: datetime | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is counted who reached the goal, rather than how much of it there was."""
        return isinstance(self.goal, FunnelMatching) or self.goal.math == "unique"

    @property
    def is_of_some(self) -> bool:
        """Whether only who has something of the goal counts."""
        return isinstance(self.goal, EventGoal) and self.goal.math == "avg"


@dataclass(frozen=True, slots=True)
class ExperimentSelector:
    """People of one number: of a variant (its index; None: of ``several``), exposed in an interval
    (its start)."""

    outcome: Outcome
    variant: int | None = None
    interval: int | None = None


class VariantFound(msgspec.Struct, kw_only=True):
    """``value`` is a share of people, or a mean over them, ``interval`` where it lies with 95 %.
    ``uplift`` is how much more it is than the control's, as a part of that. Probabilities are None
    where they cannot be told, as is all that is compared of the control itself. ``people_by``,
    ``values_by``: of those exposed in each interval."""

    variant: str
    people: int
    converted: int
    value: float | None
    interval: tuple[float, float] | None
    uplift: float | None = None
    uplift_interval: tuple[float, float] | None = None
    p_value: float | None = None
    probability_over_control: float | None = None
    probability_best: float | None = None
    missing_people: int | None = None
    people_by: list[int]
    values_by: list[float | None]


class Mismatch(msgspec.Struct):
    """Whether people were dealt out as they were meant to be; ``p_value`` None: too few to tell."""

    expected: list[float]
    p_value: float | None
    is_mismatch: bool


class Experiment(msgspec.Struct, kw_only=True):
    """``several``: people who were shown more than one variant, which are left out. ``enough``:
    whether each variant has ``required_people``, which find ``least_effect`` with 80 %."""

    ok: bool = True
    variants: list[VariantFound]
    several: int
    required_people: int | None
    enough: bool
    mismatch: Mismatch
    intervals: list[str]
    incomplete: list[bool] | UnsetType = UNSET
