"""The people behind a number of a report, or of a list, all of them: for cohorts made in one call,
and for lists."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.time_ranges import parse_zone
from whipstitch.analytics.people.drill_down import SelectedPage
from whipstitch.analytics.people.selection import Select, selected
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.values import ReportKind
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.fields import part_of
from whipstitch.web.api.people_selection import PeopleQuestion
from whipstitch.web.api.report_kinds import read
from whipstitch.web.api.reports import inside, patterns_named

_PATH: Final = "people_of.query"
_EVERYBODY: Final = SelectedPage(limit=2**32 - 2)


class PeopleSource(StrictBody, kw_only=True):
    """The request that a report answers with people, as it is sent there. Its `limit` and `cursor`
    do not matter: all of them become members."""

    surface: Literal[ReportKind, "heatmaps", "people"]
    query: Annotated[
        dict[str, Any],
        Meta(
            description="The body of the request, with `people_of`; of `people`: `search`, "
            "`cohort` and `definition`, as `GET /api/v1/people` has them"
        ),
    ]

    async def selected(self, asking: Asking) -> Select:
        """Raises InvalidQuery, and what queries raise."""
        try:
            return await self._selected(asking)
        except InvalidQuery as error:
            raise inside(error, _PATH) from None

    async def _selected(self, asking: Asking) -> Select:
        if self.surface == "people":
            question = part_of(self.query, PeopleQuestion)
            return selected(await question.selection(asking))
        body = read(self.surface, self.query)
        zone = parse_zone(body.timezone, asking.zone)
        session = await asking.session()
        query = session.virtuals.resolved(body.parsed(zone, datetime.now(UTC)))
        if body.people_of is None:
            raise InvalidQuery("people_of", "must say which number's people it is about")
        await asking.must_exist(filters.cohorts_of(query))
        with patterns_named(query):
            selector = await body.people_of.selector(session, query, zone)
        report = body.report
        return lambda persons: report.people(query, selector, _EVERYBODY, persons)
