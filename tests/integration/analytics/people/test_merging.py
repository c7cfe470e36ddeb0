"""What a merge would change, against plain Python on small random worlds."""

import json
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from tests.support.identity import Rows
from tests.support.reference import World, Worlds, random_world

from whipstitch.analytics.people import merging


def _read(value: msgspec.Raw | None) -> Any:
    return None if value is None else json.loads(bytes(value))


def _roots(world: World) -> list[str]:
    ids = {event.sent_id for event in world.events} | {update.id for update in world.updates}
    return sorted({world.person(id_) for id_ in ids})


def _count(world: World, person: str) -> int:
    live = (one for one in world.events if one.environment == "live")
    return sum(world.person(event.sent_id) == person for event in live)


@pytest.mark.parametrize("seed", range(3))
def test_a_preview_says_what_the_alias_then_makes_of_them(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(random_world(random, 20))
    roots = _roots(world)
    for _ in range(4):
        former, kept = random.sample(roots, 2)
        preview = partial(merging.preview, alias_id=former, distinct_id=kept)
        found = worlds.read(world.scope(), preview)

        after = World(world.events, {**world.parents, former: kept}, updates=world.updates)
        assert (found.distinct_id, found.refused, found.known) == (kept, None, True)
        theirs = {id_ for id_ in world.parents if world.person(id_) == former} | {former}
        assert (set(found.ids), found.id_count) == (theirs, len(theirs))
        assert found.event_count == _count(world, former)
        assert found.event_count + found.events_before == _count(after, kept)
        told = {one.name.removeprefix("$"): _read(one.value) for one in found.properties}
        assert told == {name.removeprefix("$"): value for name, value in after.traits(kept).items()}
        for one in found.properties:
            for value, person in ((one.of_alias, former), (one.of_person, kept)):
                expected = world.traits(person).get(one.name)
                assert _read(value) == expected


def test_what_would_be_refused_is_said_before(rows: Rows) -> None:
    rows.event("ann", 1)
    rows.event("bob", 2)
    rows.link("phone", "ann")
    rows.event("phone", 3)

    def why(alias_id: str, distinct_id: str, refused: str = "") -> tuple[str | None, bool]:
        preview = partial(
            merging.preview, alias_id=alias_id, distinct_id=distinct_id, refused=refused
        )
        found = rows.read(preview)
        return found.refused, found.known

    assert why("bob", "phone") == (None, True)
    assert why("phone", "bob") == ("second_parent", True)
    assert why("ann", "phone") == ("loop", True)
    assert why("ann", "guest", "placeholder") == ("placeholder", False)
    assert why("nobody", "ann") == (None, False)
