"""The way of a question from its body to its answer, the same for every report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import (
    TimeRange,
    parse_moment,
    parse_range,
    parse_zone,
)
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery, PatternRefused
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import Filters, Moment, StrictBody, Zone
from whipstitch.web.api.endpoints import Refusals

REFUSALS: Final[Refusals] = {
    400: "It cannot be asked so; `error` names the field.",
    408: "It took too long; `error` says what helps.",
    413: "It is too much; `error` says what helps.",
}
Breakdown = Annotated[
    str | msgspec.UnsetType | None,
    Meta(description="A value, `$other` or null; left out: all of them"),
]
"""Which group of a breakdown people are asked for."""
IsValue = Annotated[
    bool | None,
    Meta(
        description="Where a value is called `$other`, too: true means it (its line says so), "
        "false the rest; left out: both."
    ),
]


class PeopleOf(StrictBody, kw_only=True):
    """Which number's people are asked for; each report adds what tells its numbers apart."""

    limit: Annotated[int, Meta(ge=1, le=drill_down.MOST)] = drill_down.DEFAULT_LIMIT
    cursor: Annotated[str | None, Meta(description="`next_cursor` of the page before")] = None

    async def selector(self, session: QuerySession, query: Any, zone: ZoneInfo) -> Any:
        """That number, as the report has it. Raises InvalidQuery."""
        raise NotImplementedError


class ReportQuestion(Protocol):
    """What a report is asked."""

    report: ClassVar[Report[Any, Any]]

    @property
    def timezone(self) -> str | None: ...

    @property
    def people_of(self) -> PeopleOf | None:
        """None: the numbers themselves."""

    def parsed(self, zone: ZoneInfo, now: datetime) -> Any:
        """The report's query. Raises InvalidQuery."""


class ReportBody(StrictBody, kw_only=True):
    """What the bodies of all reports have. Each adds its own, and ``people_of``."""

    from_: Moment = msgspec.field(name="from", default=None)
    to: Moment = None
    filters: Filters = msgspec.field(default_factory=list)
    timezone: Zone = None

    def range(self, zone: ZoneInfo, now: datetime) -> TimeRange:
        """Raises InvalidQuery."""
        return parse_range(self.from_, self.to, zone, now)

    def parsed_filters(self) -> tuple[Filter, ...]:
        """Raises InvalidQuery."""
        return filters.parse(self.filters, "filters")


async def ask(asking: Asking, body: ReportQuestion) -> Any:
    """The report's answer, or a page of the people behind one of its numbers.

    Raises:
        InvalidQuery, and what queries raise.
    """
    session = await asking.session()
    zone = parse_zone(body.timezone, asking.zone)
    query = session.virtuals.resolved(body.parsed(zone, datetime.now(UTC)))
    await asking.must_exist(filters.cohorts_of(query))
    with patterns_named(query):
        if body.people_of is None:
            return await body.report.answer(session, query)
        page = drill_down.parse(body.people_of.limit, body.people_of.cursor)
        selected = await body.people_of.selector(session, query, zone)
        return await body.report.people_behind(session, query, selected, page)


def interval_start(text: str, cut: Intervals, zone: ZoneInfo) -> int:
    """The start that ``people_of.interval`` names. Raises InvalidQuery."""
    start = parse_moment(text, zone, "people_of.interval")
    if start not in cut.starts:
        raise InvalidQuery("people_of.interval", "must be one of the answer's `intervals`")
    return start


@contextmanager
def patterns_named(query: object) -> Iterator[None]:
    """A regular expression in ``query`` that ClickHouse refuses is told with its field."""
    try:
        yield
    except PatternRefused as error:
        places = (place for place, one in filters.patterns_of(query) if one == error.pattern)
        raise InvalidQuery(next(places, ""), str(error)) from None


def inside(error: InvalidQuery, path: str) -> InvalidQuery:
    """The same of a body that is the field ``path`` of another one."""
    message = str(error).removeprefix(f"{error.field}: ")
    return InvalidQuery(f"{path}.{error.field}" if error.field else path, message)
