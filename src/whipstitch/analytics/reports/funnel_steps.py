"""The way that a funnel asks about: steps, what must not happen between them, and how long it may
take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

Order = Literal["ordered", "strict", "unordered"]

MOST_STEPS: Final = 20
MOST_ALTERNATIVES: Final = 20
MOST_EXCLUSIONS: Final = 8
"""Steps and exclusions have 28 bits together (``funnel_matching``)."""
MOST_ALIKE: Final = 10
"""How many steps that one event may match an unordered funnel can have, if they are of several
kinds."""
MOST_KINDS: Final = 5
"""Of how many kinds these can be: there is something to work out for every set of kinds."""


@dataclass(frozen=True, slots=True)
class Step:
    """Is taken by an event that is any of ``any_of``. One that is ``optional`` may be left out."""

    any_of: tuple[Match, ...]
    optional: bool = False

    def condition(self, values: Parameters, persons: Persons) -> str:
        """What a row of ``events`` must meet; never NULL."""
        return " OR ".join(f"({one.condition(values, persons)})" for one in self.any_of)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Events that end an attempt which has taken the step ``first``, or one behind it, and not yet
    ``last`` (indexes of steps), whether or not they could be a step."""

    match: Match
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FunnelMatching:
    """``window`` is in milliseconds, from an attempt's first event on; its end is inside."""

    steps: tuple[Step, ...]
    window: int
    order: Order
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def matches(self) -> tuple[Step, ...]:
        """What an event is compared with: at most 20, the order of its marks."""
        return tuple(dict.fromkeys(self.steps)) if self.order == "unordered" else self.steps

    @property
    def required(self) -> list[int]:
        """The indexes of the steps that must not be left out."""
        return [index for index, step in enumerate(self.steps) if not step.optional]

    def previous(self, step: int) -> int:
        """The index of the last step before this one, not the first, that must not be left out."""
        return next(index for index in range(step - 1, -1, -1) if not self.steps[index].optional)

    def following(self, step: int) -> int | None:
        """The index of the first step behind this one that must not be left out."""
        behind = range(step + 1, len(self.steps))
        return next((index for index in behind if not self.steps[index].optional), None)

    @property
    def too_much_alike(self) -> bool:
        """Whether it is too much to work out which event is best taken for which step."""
        if self.order != "unordered":
            return False
        return any(
            len(part) > MOST_KINDS
            or (
                len(part) > 1
                and sum(self.matches.index(one) in part for one in self.steps) > MOST_ALIKE
            )
            for part in self.alike()
        )

    def alike(self) -> list[list[int]]:
        """The ``matches``, as indexes, in parts such that no event meets some of two parts."""
        parts: list[tuple[set[str | None], list[int]]] = []
        for index, match in enumerate(self.matches):
            names, together = {one.event_name for one in match.any_of}, [index]
            apart = []
            for others, indexes in parts:
                if names & others or None in names or None in others:
                    names, together = names | others, indexes + together
                else:
                    apart.append((others, indexes))
            parts = [*apart, (names, together)]
        return sorted(sorted(indexes) for _, indexes in parts)


def checked(matching: FunnelMatching) -> FunnelMatching:
    """``matching``, if it says what an attempt is and can be worked out.

    Raises:
        InvalidQuery
    """
    if matching.too_much_alike:
        raise InvalidQuery(
            "steps",
            f"must not have more than {MOST_ALIKE} steps, of {MOST_KINDS} different kinds, that "
            "one event can match, in an unordered funnel",
        )
    for field, problem in _problems(matching.steps, matching.order):
        raise InvalidQuery(field, problem)
    for index, exclusion in enumerate(matching.exclusions):
        for end, problem in _problems_of(exclusion, matching):
            raise InvalidQuery(f"exclusions[{index}].{end}", problem)
    return matching


def _problems(steps: Sequence[Step], order: Order) -> Iterator[tuple[str, str]]:
    for index, step in enumerate(steps):
        field = f"steps[{index}].optional"
        if step.optional and index == 0:
            yield field, "is not for the first step: an attempt begins with it"
        if step.optional and order == "unordered":
            yield field, "is not for an unordered funnel, where any n of the events are n steps"


def _problems_of(exclusion: Exclusion, matching: FunnelMatching) -> Iterator[tuple[str, str]]:
    first, last, steps = exclusion.first, exclusion.last, matching.steps
    if last >= len(steps):
        yield "to_step", f"must not be more than {len(steps)}"
    elif first >= last:
        yield "from_step", "must be before to_step"
    elif matching.order == "unordered" and (first > 0 or last < len(steps) - 1):
        end = "from_step" if first > 0 else "to_step"
        yield end, "is not for an unordered funnel, where nothing is between two certain steps"
    elif steps[first].optional:
        yield "from_step", "must be a step that is not optional"
    elif steps[last].optional and last < len(steps) - 1:
        yield "to_step", "must be a step that is not optional, or the last one"
