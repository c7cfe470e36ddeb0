"""What an insights question is made of: series, formulas, a comparison."""

from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters, formulas
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.time_ranges import TimeRange, earlier
from whipstitch.analytics.reports.measure import OF_PROPERTY, Math, PerPerson, Series
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.bodies import EventName, Filters, StrictBody

ADD_UP: Final = ("total", "sum", "unique")
_MOST_DAYS: Final = 3660
_Name = Annotated[str, Meta(max_length=200, description="What the answer calls it.")] | None
_Unit = Annotated[str, Meta(max_length=20, examples=["€", "%"])] | None


class InsightEvent(StrictBody, kw_only=True):
    """One series."""

    event_name: EventName
    math: Math = "total"
    property: Annotated[
        str | None, Meta(description="What all maths but `total` and `unique` are of.")
    ] = None
    per_person: Annotated[
        PerPerson | None,
        Meta(description="The math for each person of an interval, and this over the people."),
    ] = None
    rolling_days: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=366,
                description="With `unique`: the people of so many days up to each interval's end.",
            ),
        ]
        | None
    ) = None
    name: _Name = None
    unit: _Unit = None
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Series:
        """Raises InvalidQuery."""
        if self.math in OF_PROPERTY:
            checked_name(self.property, f"{field}.property")
        elif self.property is not None:
            raise InvalidQuery(f"{field}.property", f"is not used by {self.math}: leave it out")
        if self.per_person is not None and self.math == "unique":
            raise InvalidQuery(f"{field}.per_person", "each person is one: take another math")
        if self.rolling_days is not None and self.math != "unique":
            raise InvalidQuery(f"{field}.rolling_days", "is of people: the math must be unique")
        name = checked_event_name(self.event_name, f"{field}.event_name")
        passed = filters.parse(self.filters, f"{field}.filters")
        return Series(
            Match(name, passed),
            self.math,
            self.property,
            self.per_person,
            self.rolling_days,
            self.name,
            self.unit,
        )


class FormulaBody(StrictBody, kw_only=True):
    """A line that is worked out from the series: A is the first one."""

    expression: Annotated[str, Meta(examples=["B / A * 100"])]
    name: _Name = None
    unit: _Unit = None

    def parsed(self, field: str, series: int) -> formulas.Formula:
        """Raises InvalidQuery."""
        return formulas.parse(self.expression, series, f"{field}.expression", self.name, self.unit)


class CompareBody(StrictBody, kw_only=True):
    """With which range: so many days before, the range before it, or the same a year before."""

    days: Annotated[int, Meta(ge=1, le=_MOST_DAYS)] | None = None
    period: Literal["previous", "year"] | None = None

    def parsed(self, range_: TimeRange, zone: ZoneInfo) -> TimeRange:
        """Raises InvalidQuery."""
        by = self.days or self.period
        if by is None or (self.days is not None and self.period is not None):
            raise InvalidQuery("compare", "must have either days or period")
        return earlier(range_, zone, by)
