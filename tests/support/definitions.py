"""Definitions of cohorts in plain Python, on small random worlds."""

from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.support.reference import NAMES, START, Event, World, random_filter

NOW: Final = START + timedelta(hours=130)
_NOW_MS: Final = 130 * 3_600_000
_EVER: Final = 10**12


def random_condition(random: Random, cohort: str) -> dict[str, Any]:
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


def meets(world: World, person: str, condition: dict[str, Any], cohort: set[str]) -> bool:
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
