"""People as lists and profiles have them: who they are, what they did, what is known of them."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.people import activity, links, traits
from whipstitch.analytics.people.activity import NO_EVENTS, Activity
from whipstitch.analytics.people.links import NO_LINKS, Links
from whipstitch.analytics.people.person_lookup import persons_of
from whipstitch.analytics.people.traits import Traits
from whipstitch.analytics.session import QuerySession


class Listed(msgspec.Struct):
    """A person in a list; ``aliases`` are their other ids."""

    distinct_id: str
    aliases: list[str]
    properties: Traits
    first_seen: str | None
    last_seen: str | None
    event_count: int


class PeoplePage(msgspec.Struct, kw_only=True):
    """``count``: how many people there are on all pages, where that was asked for."""

    ok: bool = True
    people: list[Listed]
    next_cursor: str | None
    count: int | msgspec.UnsetType = msgspec.UNSET


async def listed(
    reading: QuerySession, people: Sequence[str], did: Mapping[str, Activity]
) -> list[Listed]:
    """All that is known of ``people``, in their order; ``did`` is their activity, of those who have
    some."""
    about, ids = await asyncio.gather(traits_of(reading, people), links_of(reading, people))
    return [
        Listed(
            person,
            list(ids.get(person, NO_LINKS).parents),
            about.get(person, {}),
            *seen(did.get(person, NO_EVENTS)),
        )
        for person in people
    ]


async def named(reading: QuerySession, ids: Sequence[str]) -> PeoplePage:
    """Those who have one of ``ids`` among theirs, each once, the last active first."""
    rows = await reading.run(persons_of(ids))
    people = list(dict.fromkeys(row[0] for row in rows))
    did, about = await asyncio.gather(activity.of(reading, people), traits_of(reading, people))
    known = [person for person in people if person in did or person in about]
    known.sort(key=lambda person: _order(did.get(person, NO_EVENTS), person))
    return PeoplePage(people=await listed(reading, known, did), next_cursor=None)


async def traits_of(reading: QuerySession, people: Sequence[str]) -> dict[str, Traits]:
    return traits.shape(await reading.run(traits.of(people))) if people else {}


async def links_of(reading: QuerySession, people: Sequence[str]) -> dict[str, Links]:
    return links.shape(await reading.run(links.of(people))) if people else {}


def seen(did: Activity) -> tuple[str | None, str | None, int]:
    """When first, when last, how many events."""
    first, last = (None if moment is None else rfc3339(moment) for moment in (did.first, did.last))
    return first, last, did.events


def _order(did: Activity, person: str) -> tuple[bool, int, str]:
    return did.last is None, -(did.last or 0), person
