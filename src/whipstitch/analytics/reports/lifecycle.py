"""Lifecycle: who did something in an interval for the first time ever, again after the interval
before, or after a longer break, and who did not come again.

It goes by whole intervals: the first one begins before the range where that cuts it off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report, in_one_statement
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

State = Literal["new", "returning", "resurrecting", "dormant"]


@dataclass(frozen=True, slots=True)
class LifecycleQuery:
    """``intervals``: those of the answer, behind the one before them, which tells who returns.
    ``end``: unix milliseconds up to which events count, exclusive."""

    match: Match
    intervals: Intervals
    end: int
    filters: tuple[Filter, ...] = ()
    incomplete: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class LifecycleSelector:
    """The people of a state in the interval that begins at ``interval``, unix milliseconds."""

    interval: int
    state: State


class Lifecycle(msgspec.Struct, kw_only=True):
    """Numbers of people by interval; of those who did not come again, negative ones."""

    ok: bool = True
    intervals: list[str]
    new: list[int]
    returning: list[int]
    resurrecting: list[int]
    dormant: list[int]
    incomplete: list[bool]


def build(query: LifecycleQuery, persons: Persons) -> Sql:
    """Rows of: an interval's index, a state, and how many people are in it."""
    values = Parameters()
    return values.sql(
        "SELECT state.1 AS place, state.2 AS name, count() "
        f"FROM ({_states(query, values, persons)}) GROUP BY place, name"
    )


def people(
    query: LifecycleQuery,
    counted: LifecycleSelector,
    page: drill_down.SelectedPage,
    persons: Persons,
) -> Sql:
    """The people of one number."""
    values = Parameters()
    place = values.add(query.intervals.starts.index(counted.interval), "Int64")
    wanted = f"state.1 = {place} AND state.2 = {values.add(counted.state)}"
    selected = f"SELECT key, id FROM ({_states(query, values, persons)}) WHERE {wanted}"
    return drill_down.build(selected, page, values)


def shape(query: LifecycleQuery, rows: Sequence[Sequence[Any]]) -> Lifecycle:
    """The answer that ``rows`` make."""
    found = {(place, state): number for place, state, number in rows}
    places = range(1, len(query.intervals.starts))

    def numbers(state: State) -> list[int]:
        return [found.get((place, state), 0) for place in places]

    return Lifecycle(
        intervals=query.intervals.labels()[1:],
        new=numbers("new"),
        returning=numbers("returning"),
        resurrecting=numbers("resurrecting"),
        dormant=[-number for number in numbers("dormant")],
        incomplete=list(query.incomplete),
    )


def _states(query: LifecycleQuery, values: Parameters, persons: Persons) -> str:
    """A query of ``key``, ``id`` and ``state`` (an interval's index and a name), a row for each
    state of a person."""
    end = f"fromUnixTimestamp64Milli({values.add(query.end, 'Int64')})"
    first = values.add(query.intervals.starts[0], "Int64")
    count = values.add(len(query.intervals.starts), "Int64")
    conditions = [
        IN_SCOPE,
        f"timestamp < {end}",
        query.match.condition(values, persons),
        all_met(query.filters, values, persons),
    ]
    in_time = f"toUnixTimestamp64Milli(timestamp) >= {first}"
    index = query.intervals.index_of_row(values)
    # -1: first seen before all of the intervals.
    seen = persons.grouped(
        f"{persons.key} AS key, any({persons.id}) AS id, "
        f"min(if({in_time}, {index}, toInt64(-1))) AS first, "
        f"groupUniqArrayIf({index}, {in_time}) AS seen",
        f"events WHERE {' AND '.join(conditions)}",
        "key HAVING notEmpty(seen)",
    )
    came = (
        "arrayMap(i -> (i, multiIf(i = first, 'new', has(seen, i - 1), 'returning', "
        "'resurrecting')), arrayFilter(i -> i > 0, seen))"
    )
    left = (
        f"arrayMap(i -> (i + 1, 'dormant'), arrayFilter(i -> NOT has(seen, i + 1) "
        f"AND i + 1 < {count}, seen))"
    )
    return f"SELECT key, id, arrayJoin(arrayConcat({came}, {left})) AS state FROM ({seen})"


REPORT: Final = Report(in_one_statement(build, shape), people)
