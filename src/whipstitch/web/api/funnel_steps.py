"""What requests say of the way that a funnel asks about: its steps, and what must not happen."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.reports.funnel_query import LONGEST_WINDOW
from whipstitch.analytics.reports.funnel_steps import (
    MOST_ALTERNATIVES,
    MOST_EXCLUSIONS,
    MOST_STEPS,
    Exclusion,
    FunnelMatching,
    Order,
    Step,
)
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.bodies import EventName, Filters, StrictBody


class EventBody(StrictBody, kw_only=True):
    """Events of one name that pass all filters."""

    event_name: EventName
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Match:
        """Raises InvalidQuery."""
        return Match(
            checked_event_name(self.event_name, f"{field}.event_name"),
            filters.parse(self.filters, f"{field}.filters"),
        )


class FunnelStep(StrictBody, kw_only=True):
    """One step: an event, or any of several."""

    event_name: EventName | UnsetType = UNSET
    filters: Filters = msgspec.field(default_factory=list)
    any_of: Annotated[
        list[EventBody],
        Meta(
            max_length=MOST_ALTERNATIVES,
            description="Events that are the step as well; or all of them, without `event_name`.",
        ),
    ] = msgspec.field(default_factory=list)
    optional: Annotated[
        bool, Meta(description="Whether people who go on may leave it out; not the first step.")
    ] = False

    def parsed(self, field: str) -> Step:
        """Raises InvalidQuery."""
        several = [one.parsed(f"{field}.any_of[{at}]") for at, one in enumerate(self.any_of)]
        if self.event_name is UNSET and not several:
            raise InvalidQuery(f"{field}.event_name", "is missing")
        if self.event_name is UNSET or (self.event_name is None and several):
            if self.filters:
                raise InvalidQuery(
                    f"{field}.filters", "belong to event_name: give those of any_of their own"
                )
        else:
            own = EventBody(event_name=self.event_name, filters=self.filters)
            several.insert(0, own.parsed(field))
        return Step(tuple(dict.fromkeys(several)), self.optional)


class ExclusionBody(StrictBody, kw_only=True):
    """What ends an attempt that has taken `from_step` and not yet `to_step`."""

    event_name: EventName
    filters: Filters = msgspec.field(default_factory=list)
    from_step: Annotated[int, Meta(ge=1, description="1 is the first.")] = 1
    to_step: Annotated[int | None, Meta(description="By default the last.")] = None

    def parsed(self, field: str, steps: Sequence[Step]) -> Exclusion:
        """Raises InvalidQuery."""
        if len(steps) < 2:
            raise InvalidQuery(field, "needs two steps to lie between")
        match = EventBody(event_name=self.event_name, filters=self.filters).parsed(field)
        last = len(steps) if self.to_step is None else self.to_step
        return Exclusion(match, self.from_step - 1, last - 1)


Steps = Annotated[list[FunnelStep], Meta(min_length=1, max_length=MOST_STEPS)]
Window = Annotated[
    int, Meta(ge=1, le=LONGEST_WINDOW, description="From the first step to the last, inclusive.")
]
Exclusions = Annotated[
    list[ExclusionBody],
    Meta(max_length=MOST_EXCLUSIONS, description="What must not happen between steps."),
]


def matching(
    steps: Sequence[FunnelStep],
    window_seconds: int,
    order: Order,
    exclusions: Sequence[ExclusionBody],
) -> FunnelMatching:
    """The way that a request asks about. Raises InvalidQuery."""
    parsed = tuple(one.parsed(f"steps[{index}]") for index, one in enumerate(steps))
    excluded = (one.parsed(f"exclusions[{index}]", parsed) for index, one in enumerate(exclusions))
    return FunnelMatching(parsed, window_seconds * 1000, order, tuple(excluded))
