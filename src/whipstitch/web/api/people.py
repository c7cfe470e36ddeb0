"""``GET /api/v1/people`` and ``DELETE``: who people are, and their erasure."""

import time
from typing import Annotated, Final

from msgspec import Meta

from whipstitch.analytics.people import erasures, people
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import InEnvironment, Refusals, Routes
from whipstitch.web.api.erasures import ERASURE, shown
from whipstitch.web.api.parameters import ANY_ID, Cursor, OnePerson, position

PATH: Final = "/api/v1/people"
"""It is the path of an ingestion endpoint, too, which takes POST."""
routes = Routes("/api/v1", "people")

_MOST: Final = 200
_PERSON: Final = {
    "distinct_id": "user_123",
    "aliases": ["anon_a3b9ff", "anon_4ef2cc"],
    "properties": {"name": "Ada", "email": "ada@example.com", "plan": "pro"},
    "first_seen": "2026-05-02T09:12:44.020Z",
    "last_seen": "2026-05-09T14:32:01.482Z",
    "event_count": 87,
}
_ALIASES: Final = [
    {
        "alias_id": "anon_a3b9ff",
        "created_at": "2026-05-09T14:30:00.000Z",
        "state": "rewritten",
        "aliases": [],
    },
    {
        "alias_id": "anon_4ef2cc",
        "created_at": "2026-05-09T14:31:10.250Z",
        "state": "pending",
        "aliases": [],
    },
]
_LIST: Final = {"ok": True, "people": [_PERSON], "next_cursor": None}
_ONE: Final = {"person": {"ok": True, "person": _PERSON | {"aliases": _ALIASES}}}
_NOBODY: Final[Refusals] = {404: "No person has this id."}
_NOT_ERASED: Final[Refusals] = {**_NOBODY, 503: "Not now; nothing is erased."}
_ERASED: Final = {"erasure": {"ok": True, "erasure": ERASURE}}


class People(InEnvironment, kw_only=True):
    """Which people are listed."""

    search: (
        Annotated[
            str,
            Meta(description="Part of an id, the name or the email, in any case", max_length=1000),
        ]
        | None
    ) = None
    cohort: Annotated[str | None, Meta(description="The id of one that they are all in")] = None
    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 50
    cursor: Cursor = None
    id: Annotated[
        list[str] | None,
        Meta(
            description="An id of somebody; may be repeated. Nothing else may be asked then",
        ),
    ] = None


@routes.add(
    "GET",
    "/people",
    "People, the last active first",
    shown={"page": _LIST},
    refusals={400: "A parameter cannot be used; `error` names it."},
)
async def list_people(asking: Asking, sent: People) -> people.PeoplePage:
    """A page of people with all their ids and traits. Those without events come last."""
    reading = await asking.session()
    if sent.id is not None:
        if sent.search or sent.cohort or sent.cursor:
            raise InvalidQuery("id", "cannot be combined with search, cohort or cursor")
        if len(sent.id) > _MOST:
            raise InvalidQuery("id", f"at most {_MOST} at once")
        return await people.named(reading, sent.id)
    if sent.cohort is not None:
        await asking.must_exist({"cohort": sent.cohort})
    query = people.PeopleQuery(
        sent.limit,
        time.time_ns() // 1_000_000,
        search=sent.search or None,
        cohort=sent.cohort,
        after=position(sent.cursor, people.PeoplePosition),
    )
    return await people.page(reading, query)


@routes.add(
    "GET",
    f"/people/{ANY_ID}",
    "One person, by any of their ids",
    shown=_ONE,
    refusals=_NOBODY,
)
async def show_person(asking: Asking, sent: OnePerson) -> people.PersonAnswer:
    """Who they are, by which aliases, what they did and what is known of them. An id such as `..`
    does not survive in a path: `/api/v1/person?id=` takes any."""
    profile = await people.profile(await asking.session(), sent.id)
    if profile is None:
        raise not_found("No person has this id")
    return people.PersonAnswer(person=profile)


@routes.add(
    "GET",
    "/person",
    "One person, by any of their ids, as a parameter",
    shown=_ONE,
    refusals=_NOBODY,
)
async def show_person_by_parameter(asking: Asking, sent: OnePerson) -> people.PersonAnswer:
    """The same as `/api/v1/people/{id}`."""
    return await show_person(asking, sent)


@routes.add(
    "DELETE",
    f"/people/{ANY_ID}",
    "Erase a person",
    who="editor",
    shown=_ERASED,
    refusals=_NOT_ERASED,
)
async def erase(asking: Asking, sent: OnePerson) -> erasures.ErasureAnswer:
    """Erases the events, traits and aliases of every id of the person who has this one, also those
    that are on their way. On the answer no read shows them any more; `state` is `done` when nothing
    of them is left on the disk. What is sent under these ids later makes a new person."""
    erasure_id = await asking.services.erases.erase(asking.scope, sent.id)
    if erasure_id is None:
        raise not_found("No person has this id")
    return await shown(asking, erasure_id)


@routes.add(
    "DELETE",
    "/person",
    "Erase a person, whose id is a parameter",
    who="editor",
    shown=_ERASED,
    refusals=_NOT_ERASED,
)
async def erase_by_parameter(asking: Asking, sent: OnePerson) -> erasures.ErasureAnswer:
    """The same as `/api/v1/people/{id}`, for ids that do not survive in a path, such as `..`."""
    return await erase(asking, sent)
