"""Some people, however they are said: by a definition, as those behind a number, by a search.

Everybody is who has events or was named by an update of traits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.cohorts.members_sql import member_keys
from whipstitch.analytics.people import activity
from whipstitch.analytics.people.people_search import contains, matching
from whipstitch.analytics.people.traits import NAMED, WHO
from whipstitch.identity.person_map import Persons, key_of
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Select = Callable[[Persons], Sql]
"""Makes a query of ``key`` and ``id``, in this order, of people, each once."""

_ALL: Final = 2**32 - 1
_SEEN: Final = "toNullable(last) AS last, toNullable(first) AS first, toUInt64(events) AS events"


@dataclass(frozen=True, slots=True)
class Selection:
    """The people whom ``these`` selects (None: everybody), of whom an id, the name or the email
    contains ``search``, and who are in a ``cohort``, its id."""

    these: Select | None = None
    search: str | None = None
    cohort: str | None = None


def found(selection: Selection, did: str, persons: Persons, values: Parameters) -> str:
    """A query of ``who`` they are and of their ``last``, ``first`` (NULL without events) and
    ``events``. ``did`` is one of who has events (``activity.of_everybody``); ``values`` has a
    prefix of its own."""
    if selection.these is None:
        people = _everybody(did)
    else:
        people = _those(values.include(selection.these(persons)), did)
    conditions = []
    if selection.search:
        theirs = values.include(matching(selection.search, "1", _ALL))
        conditions.append(f"({contains('who')} OR who IN ({theirs}))")
    if selection.cohort is not None:
        conditions.append(f"{key_of('who')} IN ({member_keys(selection.cohort, values)})")
    return f"SELECT * FROM ({people}) WHERE {' AND '.join(conditions) or '1'}"


def selected(selection: Selection) -> Select:
    """The same as a query of keys and ids."""

    def select(persons: Persons) -> Sql:
        values = Parameters("p")
        _, of_rows = activity.of_everybody(persons)
        people = found(selection, of_rows, persons, values)
        return values.sql(f"SELECT {key_of('who')} AS key, who AS id FROM ({people})")

    return select


def _everybody(did: str) -> str:
    return (
        "SELECT who, max(last) AS last, min(first) AS first, max(events) AS events "
        f"FROM (SELECT who, {_SEEN} FROM ({did}) UNION ALL "
        f"SELECT {WHO} AS who, NULL AS last, NULL AS first, 0 AS events FROM {NAMED} "
        f"WHERE {IN_SCOPE} AND property = '') GROUP BY who"
    )


def _those(these: str, did: str) -> str:
    return (
        "SELECT these.who AS who, did.last AS last, did.first AS first, did.events AS events "
        f"FROM (SELECT people.2 AS who FROM (SELECT tuple(*) AS people FROM ({these}))) AS these "
        f"LEFT JOIN (SELECT who, {_SEEN} FROM ({did})) AS did ON did.who = these.who"
    )
