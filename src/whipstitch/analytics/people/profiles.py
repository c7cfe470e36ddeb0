"""One person: what they did, what is known of them, and how their ids hang together."""

import asyncio

import msgspec

from whipstitch.analytics.people import activity, links
from whipstitch.analytics.people.activity import NO_EVENTS
from whipstitch.analytics.people.links import NO_LINKS, LinkedAlias
from whipstitch.analytics.people.listed import links_of, seen, traits_of
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.analytics.people.traits import Traits
from whipstitch.analytics.session import QuerySession


class Profile(msgspec.Struct):
    """A person alone; ``aliases`` are their other ids, each with those that lead to it."""

    distinct_id: str
    aliases: list[LinkedAlias]
    properties: Traits
    first_seen: str | None
    last_seen: str | None
    event_count: int


class PersonAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    person: Profile


async def profile(reading: QuerySession, id_: str) -> Profile | None:
    """The person who has ``id_`` among their ids; None: nobody has."""
    person = await person_of(reading, id_)
    did, about, ids = await asyncio.gather(
        activity.of(reading, [person]), traits_of(reading, [person]), links_of(reading, [person])
    )
    if person not in did and person not in about:
        return None
    return Profile(
        person,
        links.tree(person, ids.get(person, NO_LINKS)),
        about.get(person, {}),
        *seen(did.get(person, NO_EVENTS)),
    )
