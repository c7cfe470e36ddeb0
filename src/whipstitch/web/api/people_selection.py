"""Some people, as requests say whom they mean: by a definition, a search, a cohort."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from whipstitch.analytics.cohorts import definitions
from whipstitch.analytics.cohorts.definitions import Definition
from whipstitch.analytics.expressions import filters
from whipstitch.analytics.people.selection import Selection
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.reports import patterns_named

EXAMPLE: Final = {
    "all": [
        {"property": "plan", "operator": "is", "value": ["pro", "team"]},
        {"did": "checkout_completed", "at_least": 2, "within_days": 30},
        {"did_not": "support_requested", "within_days": 90},
    ]
}
DEFINITION: Final = {
    "type": "object",
    "description": "Either `all` or `any`, a list of conditions: a filter (of the person, unless "
    '`on` is `event` or only events have the property; or `{"cohort": ID, "operator": "in"}`), '
    '`{"did": EVENT, "at_least"?, "at_most"?, "within_days"?, "filters"?}` or '
    '`{"did_not": EVENT, "within_days"?, "filters"?}`.',
    "properties": {
        name: {
            "type": "array",
            "items": {"type": "object"},
            "minItems": 1,
            "maxItems": definitions.MOST_CONDITIONS,
        }
        for name in ("all", "any")
    },
    "additionalProperties": False,
    "examples": [EXAMPLE],
}
Search = (
    Annotated[
        str,
        Meta(description="Part of an id, the name or the email, in any case", max_length=1000),
    ]
    | None
)
InCohort = Annotated[str | None, Meta(description="The id of one that they are all in")]


class PeopleQuestion(StrictBody, kw_only=True):
    """Whom a list of people has: who meets all that is said here, by default everybody."""

    search: Search = None
    cohort: InCohort = None
    definition: Annotated[Any, Meta(extra_json_schema=DEFINITION)] = None

    async def selection(self, asking: Asking) -> Selection:
        """Raises InvalidQuery, and what queries raise."""
        if self.cohort is not None:
            await asking.must_exist({"cohort": self.cohort})
        these = None
        if self.definition is not None:
            definition = definitions.parse(self.definition)
            await must_be_usable(asking, definition)
            definition = (await asking.session()).virtuals.resolved(definition)
            these = definitions.selecting(definition, datetime.now(UTC))
        return Selection(these, self.search or None, self.cohort)


async def must_be_usable(asking: Asking, definition: Definition) -> None:
    """That a definition names cohorts that are there, and patterns that ClickHouse takes.

    Raises:
        InvalidQuery
    """
    await asking.must_exist(filters.cohorts_of(definition))
    if patterns := filters.patterns_of(definition):
        values = Parameters()
        tried = ", ".join(f"match('', {values.add(one)})" for _, one in patterns)
        with patterns_named(definition):
            await (await asking.session()).run(values.sql(f"SELECT {tried}"))
