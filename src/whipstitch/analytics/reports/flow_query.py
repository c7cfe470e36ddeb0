"""A question for flows."""

from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.event_matcher import EventNames
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.core.errors import InvalidQuery

Direction = Literal["after", "before", "both"]
StepKind = Literal["event", "screen", "page"]
DEFAULT_DEPTH: Final = 4
DEEPEST: Final = 10
DEFAULT_LIMIT: Final = 10
WIDEST: Final = 50
MOST_EXCLUDED: Final = 100
REST: Final = ""
"""What stands for the events of a step that do not stand alone: none is called so."""


@dataclass(frozen=True, slots=True)
class Through:
    """Paths have this event at this step, as ``Node`` counts steps."""

    step: int
    event_name: str


@dataclass(frozen=True, slots=True)
class FlowsQuery:
    """``event_name``: None is any. ``limit``: how many events of a step stand alone. ``filters``
    are for all events of a path. ``by`` says what steps are: where it is no event, names of events
    are those of screens or pages, else ``names`` says which. ``excluded`` ones are no steps.
    ``through``: what all paths have in common."""

    event_name: str | None
    range: TimeRange
    direction: Direction = "after"
    depth: int = DEFAULT_DEPTH
    limit: int = DEFAULT_LIMIT
    filters: tuple[Filter, ...] = ()
    by: StepKind = "event"
    excluded: tuple[str, ...] = ()
    through: tuple[Through, ...] = ()
    names: EventNames = EventNames()  # noqa: RUF009 - frozen

    @property
    def steps_after(self) -> int:
        return 0 if self.direction == "before" else self.depth

    @property
    def steps_before(self) -> int:
        return 0 if self.direction == "after" else self.depth


def checked(query: FlowsQuery) -> FlowsQuery:
    """Raises:
    InvalidQuery: there are no such paths.
    """
    if query.event_name is None and query.direction == "both":
        raise InvalidQuery("direction", "both needs an event_name that the steps are counted from")
    if len(query.excluded) > MOST_EXCLUDED:
        raise InvalidQuery("exclude", f"must not have more than {MOST_EXCLUDED} names")
    if query.event_name in query.excluded:
        raise InvalidQuery("exclude", "must not have the event_name that paths begin with")
    for index, one in enumerate(query.through):
        if not -query.steps_before <= one.step <= query.steps_after:
            raise InvalidQuery(f"through[{index}].step", "must be one of the steps that are shown")
    return query
