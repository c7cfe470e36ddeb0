"""What requests say of an experiment's goal."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.reports import funnel_steps
from whipstitch.analytics.reports.experiment_query import EventGoal, Goal, GoalMath
from whipstitch.analytics.reports.funnel_steps import Order
from whipstitch.analytics.reports.measure import OF_NUMBERS
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.bodies import EventName, Filters, StrictBody
from whipstitch.web.api.funnel_steps import EventBody, Exclusions, Steps, Window, matching
from whipstitch.web.api.reports import inside


class GoalBody(StrictBody, kw_only=True):
    """An event: whether people do it (`unique`), how often, or the sum or the mean of a property's
    numbers, for each person; or the `steps` of a funnel, of which people take the last or not."""

    event_name: EventName | UnsetType = UNSET
    filters: Filters = msgspec.field(default_factory=list)
    math: GoalMath = "unique"
    property: Annotated[str | None, Meta(description="Of `sum` and `avg`.")] = None
    steps: Steps | None = None
    window_seconds: Window | None = None
    order: Order = "ordered"
    exclusions: Exclusions = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Goal:
        """Raises InvalidQuery."""
        return self._event(field) if self.steps is None else self._way(field)

    def _event(self, field: str) -> Goal:
        if self.window_seconds is not None or self.exclusions or self.order != "ordered":
            raise InvalidQuery(
                f"{field}.steps", "are missing: order, window_seconds and exclusions are of these"
            )
        if self.event_name is UNSET:
            raise InvalidQuery(f"{field}.event_name", "is missing, or else steps are")
        of_numbers = self.math in OF_NUMBERS
        if of_numbers and self.property is None:
            raise InvalidQuery(f"{field}.property", f"is missing: {self.math} is of a property")
        if not of_numbers and self.property is not None:
            raise InvalidQuery(f"{field}.property", "goes together with sum or avg")
        name = self.property and checked_name(self.property, f"{field}.property")
        own = EventBody(event_name=self.event_name, filters=self.filters)
        return EventGoal(own.parsed(field), self.math, name)

    def _way(self, field: str) -> Goal:
        if self.event_name is not UNSET or self.filters or self.math != "unique" or self.property:
            raise InvalidQuery(f"{field}.steps", "stand alone: leave out what is of one event")
        if self.window_seconds is None:
            raise InvalidQuery(f"{field}.window_seconds", "is missing: the time for all steps")
        try:
            way = matching(self.steps or [], self.window_seconds, self.order, self.exclusions)
            return funnel_steps.checked(way)
        except InvalidQuery as error:
            raise inside(error, field) from None
