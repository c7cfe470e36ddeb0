"""``GET /api/v1/people/{id}`` and ``DELETE``: who somebody is, and their erasure."""

from typing import Final

from whipstitch.analytics.people import erasures, profiles
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import Refusals, Routes
from whipstitch.web.api.erasures import ERASURE, shown
from whipstitch.web.api.parameters import ANY_ID, OnePerson

PATH: Final = "/api/v1/people"
"""It is the path of an ingestion endpoint, too, which takes POST."""
routes = Routes("/api/v1", "people")

PERSON: Final = {
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
        "via": "alias",
        "client": "Firefox, linux",
        "aliases": [],
    },
    {
        "alias_id": "anon_4ef2cc",
        "created_at": "2026-05-09T14:31:10.250Z",
        "state": "pending",
        "via": None,
        "client": None,
        "aliases": [],
    },
]
_ONE: Final = {"person": {"ok": True, "person": PERSON | {"aliases": _ALIASES}}}
_NOBODY: Final[Refusals] = {404: "No person has this id."}
_NOT_ERASED: Final[Refusals] = {**_NOBODY, 503: "Not now; nothing is erased."}
_ERASED: Final = {"erasure": {"ok": True, "erasure": ERASURE}}


@routes.add(
    "GET",
    f"/people/{ANY_ID}",
    "One person, by any of their ids",
    shown=_ONE,
    refusals=_NOBODY,
)
async def show_person(asking: Asking, sent: OnePerson) -> profiles.PersonAnswer:
    """Who they are, by which aliases, what they did and what is known of them. An id such as `..`
    does not survive in a path: `/api/v1/person?id=` takes any."""
    profile = await profiles.profile(await asking.session(), sent.id)
    if profile is None:
        raise not_found("No person has this id")
    return profiles.PersonAnswer(person=profile)


@routes.add(
    "GET",
    "/person",
    "One person, by any of their ids, as a parameter",
    shown=_ONE,
    refusals=_NOBODY,
)
async def show_person_by_parameter(asking: Asking, sent: OnePerson) -> profiles.PersonAnswer:
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
