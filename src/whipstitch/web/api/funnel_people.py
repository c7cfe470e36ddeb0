"""Which number of a funnel people are asked for."""

from dataclasses import replace
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.reports.funnel_correlation import Cell, Kind, Mark, Outcome
from whipstitch.analytics.reports.funnel_correlation_statement import left_out
from whipstitch.analytics.reports.funnel_query import LONGEST_WINDOW, FunnelQuery, FunnelSelector
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.reports import Breakdown, IsValue, PeopleOf, interval_start

_Seconds = Annotated[float, Meta(ge=0, le=LONGEST_WINDOW + 1)]


class CellBody(StrictBody, kw_only=True):
    """A number of `correlation`: the people of an outcome, and of these who have done an event, or
    have a value, or who have not; without either, all of them."""

    outcome: Outcome
    event_name: str | None = None
    property: str | None = None
    value: Annotated[str | None, Meta(description="Of the property.")] = None
    on: On = "event"
    present: Annotated[bool, Meta(description="false: those without it.")] = True

    def parsed(self, query: FunnelQuery) -> Cell:
        """Raises InvalidQuery."""
        path = "people_of.correlated"
        if (self.property is None) != (self.value is None):
            raise InvalidQuery(f"{path}.value", "goes together with property")
        if self.event_name is not None and self.property is not None:
            raise InvalidQuery(f"{path}.property", "does not go together with event_name")
        if self.event_name is not None:
            if self.event_name in left_out(query):
                raise InvalidQuery(f"{path}.event_name", "is none of the candidates")
            return Cell(self.outcome, Mark("event", self.event_name), self.present)
        if self.property is None or self.value is None:
            return Cell(self.outcome)
        name = checked_name(self.property, f"{path}.property")
        kind: Kind = "event_property" if self.on == "event" else "person_property"
        return Cell(self.outcome, Mark(kind, name, self.value), self.present)


class PeopleOfFunnel(PeopleOf, kw_only=True):
    """The people who took a step, or who took the one before it but not this; or those of a number
    of `correlation`."""

    step: Annotated[int, Meta(ge=1, description="1 is the first.")] | UnsetType = UNSET
    outcome: Outcome = "converted"
    breakdown: Breakdown = UNSET
    is_value: IsValue = None
    breakdowns: Annotated[
        list[str | None] | None, Meta(description="With `breakdowns`: a group of each.")
    ] = None
    are_values: Annotated[
        list[bool] | None, Meta(description="As `is_value`, of each of `breakdowns`.")
    ] = None
    interval: Annotated[
        str | None,
        Meta(description="With `interval`: the start of the one that their attempt began in."),
    ] = None
    from_seconds: Annotated[
        _Seconds | None, Meta(description="They took at least so long from the first step.")
    ] = None
    to_seconds: Annotated[
        _Seconds | None, Meta(description="They took less than so long from the first step.")
    ] = None

    correlated: Annotated[
        CellBody | None, Meta(description="With `correlations`, and without anything else.")
    ] = None

    async def selector(
        self, session: QuerySession, query: FunnelQuery, zone: ZoneInfo
    ) -> FunnelSelector:
        if self.correlated is not None:
            return self._correlated(self.correlated, query)
        selected = FunnelSelector(
            self._step(query),
            self.outcome,
            interval=self._interval(query, zone),
            after=self._after(),
        )
        if self.breakdowns is not None:
            if len(self.breakdowns) != len(query.groupings):
                raise InvalidQuery("people_of.breakdowns", "must have one of each of `breakdowns`")
            told = None if self.are_values is None else tuple(self.are_values)
            if told is not None and len(told) != len(self.breakdowns):
                raise InvalidQuery("people_of.are_values", "must have one of each of `breakdowns`")
            groups = tuple(self.breakdowns)
            return replace(selected, of_group=True, groups=groups, are_values=told)
        if self.breakdown is UNSET:
            return selected
        if query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        return replace(selected, of_group=True, group=self.breakdown, is_value=self.is_value)

    def _correlated(self, cell: CellBody, query: FunnelQuery) -> FunnelSelector:
        if not query.correlations:
            raise InvalidQuery("people_of.correlated", "needs correlations in the request")
        if self != PeopleOfFunnel(correlated=cell, limit=self.limit, cursor=self.cursor):
            raise InvalidQuery("people_of.correlated", "stands alone: leave the rest out")
        return FunnelSelector(len(query.attempts.steps), correlated=cell.parsed(query))

    def _step(self, query: FunnelQuery) -> int:
        if self.step is UNSET:
            raise InvalidQuery("people_of.step", "is missing")
        steps = len(query.attempts.steps)
        if self.step > steps:
            raise InvalidQuery("people_of.step", f"must not be more than {steps}")
        if self.outcome == "dropped" and self.step == 1:
            raise InvalidQuery("people_of.step", "must be at least 2, for those who dropped out")
        return self.step

    def _interval(self, query: FunnelQuery, zone: ZoneInfo) -> int | None:
        if self.interval is None:
            return None
        if query.intervals is None:
            raise InvalidQuery("people_of.interval", "needs an interval in the request")
        return interval_start(self.interval, query.intervals, zone)

    def _after(self) -> tuple[int, int] | None:
        if self.from_seconds is None and self.to_seconds is None:
            return None
        if self.outcome == "dropped":
            raise InvalidQuery("people_of.outcome", "must be converted, with from_ or to_seconds")
        longest = LONGEST_WINDOW + 1
        to = longest if self.to_seconds is None else self.to_seconds
        return round((self.from_seconds or 0) * 1000), round(to * 1000)
