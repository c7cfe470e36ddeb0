"""What would change if an alias joined two people, before it is said."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from whipstitch.analytics.people import activity, traits
from whipstitch.analytics.people.activity import NO_EVENTS
from whipstitch.analytics.people.person_lookup import ids_of, person_of
from whipstitch.analytics.people.traits import Traits
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.forest import DEEPEST
from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.sql import Sql

_MOST_IDS: Final = 1_000
"""Ids that are named; of more of them their number is told."""


class MergedTrait(msgspec.Struct):
    """A trait of the person who remains: as it would be, and as it is of each; null: it is not."""

    name: str
    value: msgspec.Raw
    of_alias: msgspec.Raw | None
    of_person: msgspec.Raw | None


class MergePreview(msgspec.Struct, kw_only=True):
    """``distinct_id``: who they all would be; ``refused``: why the alias would change nothing;
    ``ids``: those that would become theirs, the first 1,000 of ``id_count``, with ``event_count``
    events; ``events_before``: those that are theirs already. ``known``: whether both have events
    or traits."""

    ok: bool = True
    distinct_id: str
    refused: str | None
    known: bool
    ids: list[str]
    id_count: int
    event_count: int
    events_before: int
    properties: list[MergedTrait]


async def preview(
    reading: QuerySession, alias_id: str, distinct_id: str, refused: str = ""
) -> MergePreview:
    """Of the alias from ``alias_id`` to ``distinct_id``; ``refused``: what admission refuses it
    for."""
    former, kept = await asyncio.gather(
        person_of(reading, alias_id), person_of(reading, distinct_id)
    )
    moved = await ids_of(reading, former)
    both = [*moved, *await ids_of(reading, kept)]
    did, of_former, of_kept, merged, deep = await asyncio.gather(
        activity.of(reading, [former, kept]),
        _traits(reading, moved),
        _traits(reading, both[len(moved) :]),
        _traits(reading, both),
        _too_deep(reading, former, distinct_id),
    )
    if not refused and former != alias_id:
        refused = "second_parent"
    elif not refused and former == kept:
        refused = "loop"
    elif not refused and deep:
        refused = "too_deep"
    known = all(
        one in did or about is not None for one, about in ((former, of_former), (kept, of_kept))
    )
    return MergePreview(
        distinct_id=kept,
        refused=refused or None,
        known=known,
        ids=moved[:_MOST_IDS],
        id_count=len(moved),
        event_count=did.get(former, NO_EVENTS).events,
        events_before=did.get(kept, NO_EVENTS).events,
        properties=[
            MergedTrait(name, value, _of(of_former, name), _of(of_kept, name))
            for name, value in sorted((merged or {}).items())
        ],
    )


async def _traits(reading: QuerySession, ids: Sequence[str]) -> Traits | None:
    """What is known of the person who has these ids; None: nobody named them."""
    return traits.shape(await reading.run(traits.of_ids(ids))).get("")


def _of(about: Traits | None, name: str) -> msgspec.Raw | None:
    """A trait, in whichever spelling it was said."""
    about = about or {}
    plain = name.removeprefix("$")
    names = (name, plain, f"${plain}") if plain in traits.RESERVED else (name,)
    return next((about[one] for one in names if one in about), None)


async def _too_deep(reading: QuerySession, former: str, distinct_id: str) -> bool:
    """Whether some id of ``former`` would lie too far from its person."""
    depths = f"FROM {LINKED} AND"
    ((above, below),) = await reading.run(
        Sql(
            f"SELECT (SELECT max(depth) {depths} id = {{id:String}}), "
            f"(SELECT max(depth) {depths} person = {{former:String}})",
            {"id": distinct_id, "former": former},
        )
    )
    return int(above) + 1 + int(below) > DEEPEST
