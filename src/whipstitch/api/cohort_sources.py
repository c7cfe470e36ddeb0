"""The people behind a number of a surface, all of them: what a cohort can be made of in one call."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from whipstitch.api import bodies
from whipstitch.api.errors import field_at_fault
from whipstitch.api.funnels import FunnelBody
from whipstitch.api.insights import InsightsBody
from whipstitch.errors import InvalidQuery
from whipstitch.queries import funnels, insights
from whipstitch.queries.people_of import Page
from whipstitch.queries.persons import Persons
from whipstitch.queries.run import Sql
from whipstitch.queries.time_ranges import parse_zone

Select = Callable[[Persons], Sql]
"""Makes a query of the keys and distinct ids of people."""
B = TypeVar("B", bound=bodies.Body)

_PATH: Final = "people_of.query"
_EVERYBODY: Final = Page(limit=2**32 - 2)


class PeopleSource(bodies.Body):
    """The request that another surface answers with people, as it is sent there. Its `limit` and
    `cursor` do not matter: all of them become members."""

    surface: Literal["insights", "funnels"]
    query: Annotated[dict[str, Any], Field(description="The body of the request, with `people_of`")]

    def parsed(self, zone: ZoneInfo, now: datetime) -> Select:
        """``zone`` is the project's. Raises InvalidQuery."""
        try:
            return _SURFACES[self.surface](self.query, zone, now)
        except InvalidQuery as error:
            message = str(error).removeprefix(f"{error.field}: ")
            raise InvalidQuery(f"{_PATH}.{error.field}", message) from None


def _of_insights(sent: dict[str, Any], zone: ZoneInfo, now: datetime) -> Select:
    body = _read(sent, InsightsBody)
    zone = parse_zone(body.timezone, zone)
    query = body.parsed(zone, now)
    counted = _there(body.people_of).counted(query, zone)
    return lambda persons: insights.people(query, counted, _EVERYBODY, persons)


def _of_funnels(sent: dict[str, Any], zone: ZoneInfo, now: datetime) -> Select:
    body = _read(sent, FunnelBody)
    query = body.parsed(parse_zone(body.timezone, zone), now)
    counted = _there(body.people_of).counted(query)
    return lambda persons: funnels.people(query, counted, _EVERYBODY, persons)


_SURFACES: Final[Mapping[str, Callable[[dict[str, Any], ZoneInfo, datetime], Select]]] = {
    "insights": _of_insights,
    "funnels": _of_funnels,
}

T = TypeVar("T")


def _there(people_of: T | None) -> T:
    if people_of is None:
        raise InvalidQuery("people_of", "must say which number's people it is about")
    return people_of


def _read(sent: dict[str, Any], body: type[B]) -> B:
    try:
        return body.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        raise InvalidQuery(*field_at_fault(error.errors()[0])) from None
