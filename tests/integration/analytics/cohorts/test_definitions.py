"""Who is in a cohort, against plain Python on small random worlds."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from tests.support.reference import (
    IDS,
    NAMES,
    START,
    Event,
    Update,
    World,
    Worlds,
    random_filter,
    random_world,
)

from whipstitch.analytics.cohorts import definitions, members, members_sql
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import STITCHING, Address
from whipstitch.warehouse.parameters import Parameters

_NOW = START + timedelta(hours=130)
_NOW_MS = 130 * 3_600_000
_EVER = 10**12
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
        met = values.sql(definitions.people(parsed, _NOW, values, reading.persons))
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


def _random_condition(random: Random, cohort: str) -> dict[str, Any]:
    kind = random.choice(["did", "did", "did_not", "person", "event", "cohort"])
    if kind == "cohort":
        return {"cohort": cohort, "operator": random.choice(["in", "not_in"])}
    if kind in ("person", "event"):
        while (filter_ := random_filter(random)).get("on") != kind:
            pass
        return filter_
    condition: dict[str, Any] = {kind: random.choice([*NAMES, None])}
    if kind == "did" and random.random() < 0.6:
        condition["at_least"] = random.randint(1, 3)
        if random.random() < 0.5:
            condition["at_most"] = random.randint(condition["at_least"], 4)
    if random.random() < 0.7:
        condition["within_days"] = random.randint(1, 5)
    if random.random() < 0.4:
        condition["filters"] = [random_filter(random)]
    return condition


def _meets(world: World, person: str, condition: dict[str, Any], cohort: set[str]) -> bool:
    if "cohort" in condition:
        return bool((person in cohort) == (condition["operator"] == "in"))
    if condition.get("on") == "person":
        return world.passes(Event("", person, 0), condition)
    if "property" in condition:
        condition = {"did": None, "filters": [condition]}
    name = condition.get("did", condition.get("did_not"))
    days = condition.get("within_days")
    start, end = (-_EVER, _EVER) if days is None else (_NOW_MS - days * 86_400_000, _NOW_MS)
    done = sum(
        world.person(event.sent_id) == person
        for event in world.matching(name, condition.get("filters", []), start, end)
    )
    if "did_not" in condition:
        return done == 0
    return bool(condition.get("at_least", 1) <= done <= condition.get("at_most", _EVER))


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
        conditions = [_random_condition(random, cohort) for _ in range(random.randint(1, 3))]
        name, joined = random.choice([("all", all), ("any", any)])
        # A static member may be an id of which nothing is known.
        expected = {
            person
            for person in everybody | inside
            if joined(_meets(world, person, one, inside) for one in conditions)
            and (person in everybody or any(one.get("operator") == "in" for one in conditions))
        }
        found = _people(worlds, client, world, {name: conditions})
        assert sorted(found) == sorted(expected), (name, conditions)
