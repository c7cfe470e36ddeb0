"""``GET /api/v1/people``: people in lists and files, of whom is asked for."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from whipstitch.analytics.expressions import cells
from whipstitch.analytics.people import last_active, listed, people_csv, sorted_people
from whipstitch.analytics.people.columns import BUILT_IN, parse_column, parse_columns
from whipstitch.analytics.people.listed import PeoplePage
from whipstitch.analytics.people.people_csv import PeopleFile
from whipstitch.analytics.people.selection import Selection
from whipstitch.analytics.people.sorting import LATEST, Direction, Sort, SortedPosition
from whipstitch.core.errors import InvalidQuery
from whipstitch.core.projects import Scope
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.fields import part_of
from whipstitch.web.api.parameters import Cursor, json_of, position
from whipstitch.web.api.people import PERSON
from whipstitch.web.api.people_selection import InCohort, PeopleQuestion, Search
from whipstitch.web.api.people_sources import PeopleSource
from whipstitch.web.api.reports import REFUSALS, inside
from whipstitch.web.api.services import Services
from whipstitch.web.api.streaming import Streamed
from whipstitch.web.auth.access import Reader

routes = Routes("/api/v1", "people", cancellable=True)

_MOST: Final = 200
_LONGEST: Final = 100_000
_LIST: Final = {"ok": True, "people": [PERSON], "next_cursor": None}
_COLUMN: Final = "`properties.NAME` for a trait"


class SomePeople(InEnvironment, kw_only=True):
    """Which people, and in which order."""

    search: Search = None
    cohort: InCohort = None
    definition: Annotated[
        str,
        Meta(
            max_length=_LONGEST,
            description="Whom a dynamic cohort of this definition would have, as JSON text.",
            examples=['{"all": [{"property": "plan", "operator": "is", "value": "pro"}]}'],
        ),
    ] = ""
    people_of: Annotated[
        str,
        Meta(
            max_length=_LONGEST,
            description="The people behind a number, as JSON text, as cohorts are made of it: "
            "`surface` and `query`. Not together with `definition`.",
        ),
    ] = ""
    sort: Annotated[str, Meta(description=f"One of {', '.join(BUILT_IN)}, or {_COLUMN}")] = (
        "last_seen"
    )
    order: Annotated[
        Direction, Meta(description="Numbers come before texts, and nothing last, in either")
    ] = "desc"

    def sorted_by(self) -> Sort:
        """Raises InvalidQuery."""
        return Sort(parse_column(self.sort, "sort"), self.order == "desc")

    async def selection(self, asking: Asking) -> Selection:
        """Raises InvalidQuery, and what queries raise."""
        definition = json_of(self.definition, "definition")
        question = PeopleQuestion(search=self.search, cohort=self.cohort, definition=definition)
        selection = await question.selection(asking)
        if not self.people_of:
            return selection
        if definition is not None:
            raise InvalidQuery("people_of", "cannot be combined with definition")
        source = await _source(json_of(self.people_of, "people_of")).selected(asking)
        return Selection(source, selection.search, selection.cohort)


class People(SomePeople, kw_only=True):
    """A page of people."""

    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 50
    cursor: Cursor = None
    with_count: Annotated[
        bool, Meta(description="Whether to say how many they are, on all pages, as `count`")
    ] = False
    id: Annotated[
        list[str] | None,
        Meta(description="An id of somebody; may be repeated. Nothing else may be asked then"),
    ] = None


class PeopleColumns(SomePeople, kw_only=True):
    """A file of people."""

    columns: Annotated[
        list[str],
        Meta(description=f"Of {', '.join(BUILT_IN)}, and {_COLUMN}; may be repeated"),
    ] = msgspec.field(
        default_factory=lambda: ["distinct_id", "event_count", "first_seen", "last_seen"]
    )


@routes.add(
    "GET",
    "/people",
    "People, the last active first",
    shown={"page": _LIST},
    refusals=REFUSALS,
)
async def list_people(asking: Asking, sent: People) -> PeoplePage:
    """A page of people with all their ids and traits, of whom is asked for, sorted by a column; by
    default of everybody who has events or traits. Those without events come last."""
    reading = await asking.session()
    if sent.id is not None:
        if sent.search or sent.cohort or sent.cursor or sent.definition or sent.people_of:
            raise InvalidQuery("id", "cannot be combined with other questions or a cursor")
        if len(sent.id) > _MOST:
            raise InvalidQuery("id", f"at most {_MOST} at once")
        return await listed.named(reading, sent.id)
    sort, selection = sent.sorted_by(), await sent.selection(asking)
    if sort == LATEST and selection.these is None:
        query = last_active.PeopleQuery(
            sent.limit,
            time.time_ns() // 1_000_000,
            search=selection.search,
            cohort=selection.cohort,
            after=position(sent.cursor, last_active.PeoplePosition),
        )
        listing = last_active.page(reading, query)
    else:
        after = position(sent.cursor, SortedPosition)
        asked = sorted_people.SortedPeople(selection, sent.limit, sort, after)
        listing = sorted_people.page(reading, asked)
    if not sent.with_count:
        return await listing
    page, count = await asyncio.gather(listing, sorted_people.count(reading, selection))
    page.count = count
    return page


@routes.add(
    "GET",
    "/people.csv",
    "People, all that are asked for, as a file",
    content={"text/csv": {"schema": {"type": "string"}}},
    refusals={**REFUSALS, 429: "Other exports are under way."},
)
async def people_file(asking: Asking, sent: PeopleColumns) -> Response:
    """Everybody whom `GET /people` lists on all its pages, in the same order, with the columns that
    are chosen. Of a trait the file has the text, or else its JSON. It begins with a byte order
    mark, and text that a spreadsheet would take for a formula has an apostrophe in front. Where the
    file cannot be finished the connection is cut."""
    chosen = parse_columns(sent.columns, "columns")
    if not chosen:
        raise InvalidQuery("columns", "must not be empty")
    query = PeopleFile(await sent.selection(asking), chosen, sent.sorted_by())
    chunks = _file(asking.services, asking.reader, asking.scope, query)
    disposition = {"content-disposition": 'attachment; filename="people.csv"'}
    return Streamed(chunks, cells.CSV, disposition, seconds=asking.services.export_seconds)


async def _file(
    services: Services, reader: Reader, scope: Scope, query: PeopleFile
) -> AsyncGenerator[bytes]:
    with services.exports.taken(reader):
        # The session lasts as long as the file.
        async with services.sessions.open(scope, reader.id) as reading:
            sql = people_csv.build(query, reading.persons)
            prefix = cells.CSV_PREFIX + people_csv.head(query).encode()
            async with aclosing(reading.pour(sql, "CSV")) as chunks:
                async for chunk in chunks:
                    yield prefix + chunk
                    prefix = b""
            if prefix:  # there is nobody
                yield prefix


def _source(sent: Any) -> PeopleSource:
    try:
        return part_of(sent, PeopleSource)
    except InvalidQuery as error:
        raise inside(error, "people_of") from None
