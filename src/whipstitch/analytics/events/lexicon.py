"""The lexicon: which events there are, and which properties they have.

Counts and times are of all events in the range. Properties are what the summary knows of each event
(``lexicon_summary``) and what its newest occurrences since have; where no summary can be asked,
those of the newest occurrences."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from whipstitch.analytics import summary
from whipstitch.analytics.events.lexicon_events import events
from whipstitch.analytics.events.lexicon_properties import (
    MOST_PROPERTIES,
    Property,
    newest,
    properties,
    property_of,
)
from whipstitch.analytics.events.lexicon_query import LexiconPosition, LexiconQuery
from whipstitch.analytics.events.pages import cursor_of, rfc3339
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.summary import Summary
from whipstitch.warehouse.sql import Rows, Sql


class LexiconEntry(msgspec.Struct, omit_defaults=True):
    """An event; ``properties`` by name, the most frequent ones where there are
    ``more_properties``."""

    event_name: str
    count: int
    first_seen: str
    last_seen: str
    properties: list[Property]
    more_properties: bool = False


class Lexicon(msgspec.Struct, kw_only=True):
    ok: bool = True
    events: list[LexiconEntry]
    next_cursor: str | None


async def page(reading: QuerySession, query: LexiconQuery, *, described: bool = True) -> Lexicon:
    """A page of events; ``described``: with their properties."""
    if (known := await summary.in_force(reading)) is not None:
        answer = await _page(reading, query, described, known)
        if await summary.held(reading, known):
            return answer
    return await _page(reading, query, described, None)


async def _page(
    reading: QuerySession, query: LexiconQuery, described: bool, known: Summary | None
) -> Lexicon:
    async def run(sql: Sql) -> Rows:
        return await reading.run(known.bind(sql) if known else sql)

    found = await run(events(query, known))
    names = [row[0] for row in found[: query.limit]] if described else []
    since: Mapping[str, int] = {}
    if names:
        since = {row[0]: row[1] for row in await run(newest(query, names, known))}
    properties_ = await run(properties(query, names, since, known)) if names else []
    return await asyncio.to_thread(shape, query, found, properties_)


def shape(
    query: LexiconQuery, found: Sequence[Sequence[Any]], described: Sequence[Sequence[Any]]
) -> Lexicon:
    """The page that the rows of ``events`` and ``properties`` make."""
    entries = {
        name: LexiconEntry(name, count, rfc3339(first), rfc3339(last), [])
        for name, count, first, last in found[: query.limit]
    }
    for event, *rest in described:  # the most frequent first
        entry = entries[event]
        entry.more_properties = len(entry.properties) == MOST_PROPERTIES
        if not entry.more_properties:
            entry.properties.append(property_of(rest))
    for entry in entries.values():
        entry.properties.sort(key=lambda one: one.name)
    cursor = None
    if len(found) > query.limit:
        name, count, _, last = found[query.limit - 1]
        value = {"name": 0, "count": count, "last_seen": last}[query.sort]
        cursor = cursor_of(LexiconPosition(name, value))
    return Lexicon(
        events=list(entries.values()),
        next_cursor=cursor,
    )
