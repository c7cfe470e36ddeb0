"""What goes together with converting, in SQL: one statement for each kind of mark.

Each looks at the attempt that counts of every person (``funnel_statement.choose``). Events are
those of the person that the funnel knows, later than the attempt's first moment: of who converted
before the moment of converting, of who did not up to the window's end. Values are those that
filters see (``properties``): of the event that the attempt begins with, or of the person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from whipstitch.analytics.events import occurrences
from whipstitch.analytics.expressions import properties
from whipstitch.analytics.expressions.event_matcher import sent_names
from whipstitch.analytics.people import drill_down, person_properties
from whipstitch.analytics.reports.funnel_correlation import Cell, Kind, Mark
from whipstitch.analytics.reports.funnel_matching import marked, took
from whipstitch.analytics.reports.funnel_query import FunnelQuery
from whipstitch.analytics.reports.funnel_statement import choose, seen
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql

_MOST_NAMES: Final = 40
"""Properties of a kind whose values are looked at: those that most people have."""
_MOST_ROWS: Final = 20_000
"""Events among which names of properties are looked for, the newest."""
_LONGEST_NAME: Final = 100
_LONGEST_VALUE: Final = 1_000
"""Bytes, as of the values that fields suggest."""
_UNINTERESTING: Final = "$session_id"
_AT: Final = "toUnixTimestamp64Milli(timestamp)"


def left_out(query: FunnelQuery) -> list[str]:
    """The events that are no candidates: who converts, or not, has or has not done them by the very
    rules of the funnel."""
    steps = [query.attempts.steps[index] for index in query.attempts.required]
    matches = [one for step in steps for one in step.any_of]
    matches += [one.match for one in query.attempts.exclusions]
    return sorted({name for one in matches for name in sent_names(one.event_name, one.merged)})


def build_names(query: FunnelQuery, persons: Persons) -> Sql:
    """Rows of: name of a property that events have which an attempt may begin with."""
    values = Parameters()
    begins = marked(query.attempts, values, persons).begins
    rows = (
        f"SELECT {persons.key} AS who, {occurrences.COLUMNS} FROM events "
        f"WHERE {seen(query, values, persons)} AND {begins} "
        f"AND {occurrences.BYTES} <= {occurrences.HEAVIEST} "
        f"ORDER BY timestamp DESC LIMIT {_MOST_ROWS}"
    )
    return values.sql(
        f"SELECT pair.1 AS name FROM ({rows}) ARRAY JOIN {occurrences.PAIRS} AS pair "
        f"WHERE length(name) <= {_LONGEST_NAME} AND name != '{_UNINTERESTING}' "
        f"GROUP BY name ORDER BY uniqExact(who) DESC, name LIMIT {_MOST_NAMES}"
    )


def build(query: FunnelQuery, kind: Kind, names: Sequence[str], persons: Persons) -> Sql:
    """``funnel_correlation.Counts`` of a kind; ``names`` of the event's properties."""
    values = Parameters()
    people = _of_kind(query, kind, names, values, persons)
    limit = values.add(query.correlations + 1, "UInt32")
    return values.sql(
        "SELECT mark, countIf(converted), countIf(NOT converted), countIf(undecided), "
        f"count() OVER () FROM ({people}) ARRAY JOIN arrayPushFront(marks, ('', '')) AS mark "
        f"WHERE length(mark.2) <= {_LONGEST_VALUE} "
        f"GROUP BY mark ORDER BY count() DESC, mark LIMIT {limit}"
    )


def people(
    query: FunnelQuery, counted: Cell, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The people of a cell."""
    values = Parameters()
    mark = counted.mark or Mark("event", "")
    found = _of_kind(query, mark.kind, [mark.name], values, persons)
    wanted = "converted" if counted.outcome == "converted" else "NOT converted"
    if counted.mark is not None:
        has = f"has(marks, ({values.add(mark.name)}, {values.add(mark.value)}))"
        wanted += f" AND {has}" if counted.present else f" AND NOT {has}"
    return drill_down.build(
        f"SELECT who AS key, named AS id FROM ({found}) WHERE {wanted}", page, values
    )


def _of_kind(
    query: FunnelQuery, kind: Kind, names: Sequence[str], values: Parameters, persons: Persons
) -> str:
    """A query of ``who`` (with an id, ``named``), whether they ``converted``, are ``undecided``,
    and ``marks``, each once: an Array(Tuple(String, String)) of names and values."""
    attempts = _attempts(query, values, persons)
    if kind == "event":
        return _with_events(query, attempts, values, persons)
    if kind == "event_property":
        return _with_first(query, attempts, names, values, persons)
    return _with_traits(attempts)


def _attempts(query: FunnelQuery, values: Parameters, persons: Persons) -> str:
    """A query of everybody's attempt: from ``began`` to before ``ended``, both unix milliseconds,
    and ``first``, the acceptance of the event that it begins with."""
    query = replace(query, breakdown=None, groupings=(), intervals=None)
    last = query.attempts.required[-1]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    over = min(query.range.end, query.now or query.range.end)
    end = values.add(round((over - epoch).total_seconds() * 1000), "Int64")
    return (
        f"SELECT who, named, began AS first, times[1] AS begins, {took(query.attempts, last)} "
        f"AS converted, if(converted, times[{last + 1}], until + 1) AS ends, "
        f"NOT converted AND until >= {end} AS undecided "
        f"FROM ({choose(query, values, persons, named=True, began='accepted')})"
    )


def _with_events(query: FunnelQuery, attempts: str, values: Parameters, persons: Persons) -> str:
    not_ = values.add(left_out(query), "Array(String)")
    done = (
        f"SELECT {persons.key} AS who, toString(event_name) AS name, {_AT} AS at FROM events "
        f"WHERE {seen(query, values, persons)}"
    )
    counts = f"at > begins AND at < ends AND name NOT IN {not_}"
    return (
        "SELECT who, any(named) AS named, any(converted) AS converted, "
        f"any(undecided) AS undecided, groupUniqArrayIf((name, ''), {counts}) AS marks "
        f"FROM ({done}) AS done INNER JOIN ({attempts}) AS attempts USING (who) GROUP BY who"
    )


def _with_first(
    query: FunnelQuery,
    attempts: str,
    names: Sequence[str],
    values: Parameters,
    persons: Persons,
) -> str:
    pairs = ", ".join(
        f"({values.add(name)}, {properties.of_event(name, persons, values).text})" for name in names
    )
    none = "CAST([], 'Array(Tuple(String, Nullable(String)))')"
    first = (
        f"SELECT {persons.key} AS who, accepted AS first, {_AT} AS begins, "
        f"{f'[{pairs}]' if pairs else none} AS pairs FROM events "
        f"WHERE {seen(query, values, persons)} "
        f"AND {marked(query.attempts, values, persons).begins}"
    )
    known = "arrayFilter(pair -> isNotNull(pair.2), pairs)"
    return (
        "SELECT who, named, converted, undecided, "
        f"arrayMap(pair -> (pair.1, assumeNotNull(pair.2)), {known}) AS marks "
        f"FROM ({first}) AS done INNER JOIN ({attempts}) AS attempts USING (who, first, begins)"
    )


def _with_traits(attempts: str) -> str:
    traits = person_properties.of_everybody(_MOST_NAMES, _LONGEST_NAME)
    value = person_properties.VALUE.text
    return (
        "SELECT who, any(named) AS named, any(converted) AS converted, "
        "any(undecided) AS undecided, "
        "groupArrayIf((trait, assumeNotNull(text)), isNotNull(text)) AS marks "
        f"FROM ({attempts}) AS attempts "
        f"LEFT JOIN (SELECT key, trait, {value} AS text FROM ({traits})) AS traits "
        "ON who = traits.key GROUP BY who"
    )
