"""Definitions of dynamic cohorts: who meets all, or any, of some conditions (interfaces, "Query
API": ``/api/v1/cohorts``; ``docs/queries.md``).

Everybody is who has events or was named by an update of traits: that is whom a condition that is
met by not doing or not being something lets through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from whipstitch.analytics.cohorts import members_sql
from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.filters import CohortFilter, Positive, PropertyFilter
from whipstitch.analytics.expressions.properties import is_of_events
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.selection import Select
from whipstitch.analytics.people.traits import NAMED, WHO
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons, key_of
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

MOST_CONDITIONS: Final = 20
MOST_DAYS: Final = 3650
_MOST_TIMES: Final = 1_000_000
_DID: Final = frozenset({"did", "at_least", "at_most", "within_days", "filters"})
_DID_NOT: Final = frozenset({"did_not", "within_days", "filters"})
_POSITIVE: Final = get_args(Positive)
_PEOPLE: Final = Persons("people.key", "people.id")
"""The people that conditions are about."""


@dataclass(frozen=True, slots=True)
class Did:
    """Whether somebody did what matches from ``at_least`` to ``at_most`` times (None: or more
    often) within the last days of 24 hours (None: ever); ``negated``: whether they did not."""

    match: Match
    at_least: int = 1
    at_most: int | None = None
    within_days: int | None = None
    negated: bool = False


Condition = Did | PropertyFilter | CohortFilter
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


def people(definition: Definition, now: datetime, values: Parameters, persons: Persons) -> str:
    """A query of ``key`` and ``id`` of those who meet it at this moment, each once."""
    context = _Context(now, values, persons)
    joined = " AND " if definition.every else " OR "
    met = joined.join(f"({_met(one, context)})" for one in definition.conditions)
    return (
        "SELECT people.key AS key, any(people.id) AS id "
        f"FROM ({_candidates(definition, context)}) AS people WHERE {met} GROUP BY key"
    )


def selecting(definition: Definition, now: datetime) -> Select:
    """Selects those who meet it at this moment."""

    def select(persons: Persons) -> Sql:
        values = Parameters()
        return values.sql(people(definition, now, values, persons))

    return select


# From JSON


def _parse(item: object, path: str) -> Condition:
    if not isinstance(item, Mapping):
        raise InvalidQuery(path, "must be an object")
    if "did" in item or "did_not" in item:
        return _parse_did(item, path)
    if "property" in item and "on" not in item:
        of_events = isinstance(name := item["property"], str) and is_of_events(name)
        item = {**item, "on": "event" if of_events else "person"}
    one = filters.parse_one(item, path)  # a definition's all or any is the only group it has
    if isinstance(one, PropertyFilter) and one.on == "event":
        return Did(Match(None, (one,)))
    return one


def _parse_did(item: Mapping[str, Any], path: str) -> Did:
    name = "did" if "did" in item else "did_not"
    for given in item:
        if given not in (_DID if name == "did" else _DID_NOT):
            raise InvalidQuery(f"{path}.{given}", f"does not belong here, beside {name}")
    event_name = item[name]
    if not isinstance(event_name, str | None):
        raise InvalidQuery(f"{path}.{name}", "must be the name of an event, or null for any")
    at_least = _number(item, "at_least", 1, _MOST_TIMES, path)
    at_most = _number(item, "at_most", at_least or 1, _MOST_TIMES, path)
    given_filters = item.get("filters", [])
    if not isinstance(given_filters, list):
        raise InvalidQuery(f"{path}.filters", "must be a list of filters")
    return Did(
        Match(
            checked_event_name(event_name, f"{path}.{name}"),
            filters.parse(given_filters, f"{path}.filters"),
        ),
        at_least or 1,
        at_most,
        _number(item, "within_days", 1, MOST_DAYS, path),
        name == "did_not",
    )


def _number(item: Mapping[str, Any], name: str, least: int, most: int, path: str) -> int | None:
    value = item.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise InvalidQuery(f"{path}.{name}", f"must be a whole number from {least} to {most:,}")
    return value


# To SQL


@dataclass(frozen=True, slots=True)
class _Context:
    now: datetime
    values: Parameters
    persons: Persons


def _met(one: Condition, context: _Context) -> str:
    """What a row of ``people`` must meet."""
    if not isinstance(one, Did):
        return all_met((one,), context.values, _PEOPLE)
    times = []
    if one.at_least > 1:
        times.append(f"count() >= {context.values.add(one.at_least, 'UInt32')}")
    if one.at_most is not None:
        times.append(f"count() <= {context.values.add(one.at_most, 'UInt32')}")
    having = f" HAVING {' AND '.join(times)}" if times else ""
    inside = "NOT IN" if one.negated else "IN"
    return (
        f"people.key {inside} (SELECT {context.persons.key} AS person FROM events "
        f"WHERE {_matching(one, context)} GROUP BY person{having})"
    )


def _matching(one: Did, context: _Context) -> str:
    conditions = [IN_SCOPE, one.match.condition(context.values, context.persons)]
    if one.within_days is not None:
        start = context.now - timedelta(days=one.within_days)
        conditions.append(TimeRange(start, context.now).condition(context.values))
    return " AND ".join(conditions)


def _candidates(definition: Definition, context: _Context) -> str:
    """A query of ``key`` and ``id`` of people among whom all are who meet the definition: as few as
    can be said of a condition by itself."""
    each = [(one, _candidates_of(one, context)) for one in definition.conditions]
    known = [found for _, found in each if found is not None]
    if definition.every and known:
        return known[0]
    if len(known) < len(each):
        # Members of a cohort need not be known by anything else.
        named = [found for one, found in each if found and isinstance(one, CohortFilter)]
        known = [_with_events(IN_SCOPE, context), _NAMED, *named]
    return " UNION ALL ".join(dict.fromkeys(known))


def _candidates_of(one: Condition, context: _Context) -> str | None:
    """None: it may be anybody."""
    if isinstance(one, Did):
        return None if one.negated else _with_events(_matching(one, context), context)
    if isinstance(one, CohortFilter):
        return members_sql.members(one.cohort, context.values) if one.inside else None
    return _NAMED if one.operator in _POSITIVE else None


def _with_events(condition: str, context: _Context) -> str:
    persons = context.persons
    return f"SELECT {persons.key} AS key, {persons.id} AS id FROM events WHERE {condition}"


_NAMED: Final = (
    f"SELECT {key_of(WHO)} AS key, {WHO} AS id FROM {NAMED} WHERE {IN_SCOPE} AND property = ''"
)
