"""Definitions of dynamic cohorts: who meets all, or any, of some conditions (interfaces, "Query
API": ``/api/v1/cohorts``; ``docs/queries.md``).

Everybody is who has events or was named by an update of traits: that is whom a condition that is
met by not doing or not being something lets through."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from whipstitch.errors import InvalidQuery
from whipstitch.queries import cohorts, filters
from whipstitch.queries.filters import CohortFilter, Filter, PropertyFilter
from whipstitch.queries.matches import Match, checked_event_name
from whipstitch.queries.persons import Persons, key_of
from whipstitch.queries.properties import PERSON_ID, PROMOTED
from whipstitch.queries.run import IN_SCOPE
from whipstitch.queries.time_ranges import TimeRange
from whipstitch.queries.traits import NAMED, WHO
from whipstitch.queries.values import Values

MOST_CONDITIONS: Final = 20
MOST_DAYS: Final = 3650
_MOST_TIMES: Final = 1_000_000
_DID: Final = frozenset({"did", "at_least", "at_most", "within_days", "filters"})
_DID_NOT: Final = frozenset({"did_not", "within_days", "filters"})
_PEOPLE: Final = Persons("people.key", "people.id")
"""The people that conditions are about."""


@dataclass(frozen=True, slots=True)
class Did:
    """Whether somebody did what matches from ``at_least`` to ``at_most`` times (None: or more often)
    within the last days of 24 hours (None: ever); ``negated``: whether they did not."""

    match: Match
    at_least: int = 1
    at_most: int | None = None
    within_days: int | None = None
    negated: bool = False


Condition = Did | Filter
"""A filter is on the person."""


@dataclass(frozen=True, slots=True)
class Definition:
    """``every``: all of the conditions are to be met, else any of them."""

    conditions: tuple[Condition, ...]
    every: bool = True


def parse(definition: object, path: str = "definition") -> Definition:
    """The definition that a JSON object gives.

    Raises:
        InvalidQuery
    """
    if not isinstance(definition, Mapping) or len(definition) != 1:
        raise InvalidQuery(path, "must be an object with either all or any")
    ((name, items),) = definition.items()
    if name not in ("all", "any"):
        raise InvalidQuery(f"{path}.{name}", "does not belong here: it is all or any")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_CONDITIONS:
        raise InvalidQuery(f"{path}.{name}", f"must have from 1 to {MOST_CONDITIONS} conditions")
    conditions = (_parse(item, f"{path}.{name}[{index}]") for index, item in enumerate(items))
    return Definition(tuple(conditions), name == "all")


def used(definition: Definition) -> list[CohortFilter]:
    """The other cohorts that it refers to."""
    return filters.cohorts(_filters(definition))


def patterns(definition: Definition) -> list[str]:
    """The regular expressions in it."""
    return [
        str(value)
        for one in _filters(definition)
        if isinstance(one, PropertyFilter) and one.operator == "regex"
        for value in one.values
    ]


def people(definition: Definition, now: datetime, values: Values, persons: Persons) -> str:
    """A query of ``key`` and ``id`` of those who meet it at this moment, each once."""
    context = _Context(now, values, persons)
    joined = " AND " if definition.every else " OR "
    met = joined.join(f"({_met(one, context)})" for one in definition.conditions)
    return (
        "SELECT people.key AS key, any(people.id) AS id "
        f"FROM ({_candidates(definition, context)}) AS people WHERE {met} GROUP BY key"
    )


# From JSON


def _parse(item: object, path: str) -> Condition:
    if not isinstance(item, Mapping):
        raise InvalidQuery(path, "must be an object")
    if "did" in item or "did_not" in item:
        return _parse_did(item, path)
    if "property" in item and "on" not in item:
        # Only events have these.
        of_event = item["property"] == PERSON_ID or item["property"] in PROMOTED
        item = {**item, "on": "event" if of_event else "person"}
    (one,) = (_moved(filter_, path) for filter_ in filters.parse([item], path))
    if isinstance(one, PropertyFilter) and one.on == "event":
        return Did(Match(None, (one,)))
    return one
