"""Who is in a cohort, against plain Python on small random worlds."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import pytest
from tests.support.definitions import NOW, meets, random_condition
from tests.support.reference import (
    IDS,
    Update,
    World,
    Worlds,
    random_world,
)

from whipstitch.analytics.cohorts import definitions, members, members_sql
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import STITCHING, Address
from whipstitch.warehouse.parameters import Parameters

_numbers = count(1)


@pytest.fixture(scope="module")
def client(worlds_address: Address) -> Iterator[Client]:
    opened = worlds_address.connect(STITCHING, seconds=60)
    yield opened
    opened.close()


def _people(worlds: Worlds, client: Client, world: World, definition: dict[str, Any]) -> list[str]:
    """Those who meet a definition, as they are stored and read again."""

    async def ask(reading: QuerySession) -> list[str]:
        number = next(_numbers)
        values = Parameters()
        parsed = definitions.parse(definition)
        met = values.sql(definitions.people(parsed, NOW, values, reading.persons))
        with worlds.hold() as held:
            members.replace(client, world.scope(), held.number, f"coh_{number}", number, met)
        values = Parameters()
        stored = values.sql(f"SELECT id FROM ({members_sql.members(f'coh_{number}', values)})")
        values = Parameters()
        size = values.sql(members_sql.sizes([f"coh_{number}"], values))
        people = [row[0] for row in await reading.run(stored)]
        assert list(await reading.run(size)) == ([(f"coh_{number}", len(people))] if people else [])
        return people

    return worlds.read(world.scope(), ask)


@pytest.mark.parametrize("seed", range(4))
def test_a_definition_is_met_by_whom_it_describes(
    worlds: Worlds, client: Client, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = random_world(random, 30)
    named = [Update(update.id, "", None) for update in world.updates]
    world = worlds.put(World(world.events, world.parents, world.waiting, [*world.updates, *named]))
    everybody = {
        world.person(event.sent_id) for event in world.matching(None, [], -(10**12), 10**12)
    }
    everybody |= {world.person(update.id) for update in named}
    cohort = f"coh_static_{seed}"
    ids = random.sample(IDS, 2)
    members.replace_by_ids(client, world.scope(), cohort, next(_numbers), ids)
    inside = {world.person(id_) for id_ in ids}

    for _ in range(4):
        conditions = [random_condition(random, cohort) for _ in range(random.randint(1, 3))]
        name, joined = random.choice([("all", all), ("any", any)])
        # A static member may be an id of which nothing is known.
        expected = {
            person
            for person in everybody | inside
            if joined(meets(world, person, one, inside) for one in conditions)
            and (person in everybody or any(one.get("operator") == "in" for one in conditions))
        }
        found = _people(worlds, client, world, {name: conditions})
        assert sorted(found) == sorted(expected), (name, conditions)
