"""What a summary has for the lexicon (``lexicon``): events by day, of all rows, and properties with
their values, of the newest occurrences of each event.

Values are added to those of the summary before, which weigh half as much with each one after: so
what is frequent now is listed before what was frequent once, and what was found is not forgotten
because it is rare. It is forgotten when no event is left that is as old as its last occurrence, for
what expires must not live on here; and when somebody is erased, for it may have been theirs."""

from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.events.lexicon_properties import MOST_PROPERTIES, NEWEST
from whipstitch.analytics.events.occurrences import (
    BEGINNING,
    BYTES,
    COLUMNS,
    HEAVIEST,
    PAIRS,
    SAMPLE,
)
from whipstitch.analytics.summary import SINCE, UNPATCHED
from whipstitch.warehouse.client import Client

_MOST_ADDED: Final = 5_000
"""Occurrences that are looked at for a summary, in each scope: that is a few hundredths of what it
takes to store the rows that it is made for."""
_MOST_AT_FIRST: Final = 100_000
_MOST_SAMPLES: Final = 10
"""Of a property of an event, and a type."""
_MOST_NAMES: Final = 100_000
"""Of properties of events and their types, in a scope."""
_MEMORY: Final = (
    "SETTINGS max_bytes_before_external_group_by = 400000000, "
    "max_bytes_before_external_sort = 400000000"
)
_CAME: Final = f"{SINCE} AND accepted <= {{until:UInt64}}"
_SCOPE: Final = "project_id, environment"
_DAYS: Final = f"""\
INSERT INTO lexicon_days (summary, {_SCOPE}, event_name, day, events, first, last)
SELECT {{number:UInt64}}, {_SCOPE}, event_name, day, sum(events), min(first), max(last)
FROM
(
    SELECT {_SCOPE}, event_name, day, events, first, last
    FROM lexicon_days WHERE summary = {{base:UInt64}}
    UNION ALL
    SELECT
        {_SCOPE}, event_name, toDate32(timestamp) AS day, count() AS events,
        min(timestamp) AS first, max(timestamp) AS last
    FROM events WHERE {_CAME}
    GROUP BY {_SCOPE}, event_name, day
    {UNPATCHED}
)
GROUP BY {_SCOPE}, event_name, day
{_MEMORY}"""
# The newest of each event and month: as many as let each have some.
_NEWEST: Final = f"""\
SELECT
    {_SCOPE}, event_name, month, newest[least(length(newest), greatest(
        1, intDiv({{most:UInt64}}, count() OVER (PARTITION BY {_SCOPE}))
    ))] AS nth
FROM
(
    SELECT
        {_SCOPE}, event_name, toYYYYMM(timestamp) AS month,
        groupArraySorted({NEWEST})(-toUnixTimestamp64Milli(timestamp)) AS newest
    FROM events WHERE {_CAME}
    GROUP BY {_SCOPE}, event_name, month
)"""
_PLACES: Final = f"""\
SELECT _part, _part_offset
FROM
(
    SELECT {_SCOPE}, _part, _part_offset
    FROM
    (
        SELECT {_SCOPE}, event_name, timestamp, toYYYYMM(timestamp) AS month, _part, _part_offset
        FROM events WHERE {_CAME}
    ) AS came
    INNER JOIN ({_NEWEST}) AS newest USING ({_SCOPE}, event_name, month)
    WHERE -toUnixTimestamp64Milli(timestamp) <= nth
    LIMIT {NEWEST} BY {_SCOPE}, event_name, month
)
LIMIT {{most:UInt64}} BY {_SCOPE}"""
_FOUND: Final = f"""\
SELECT
    {_SCOPE}, event_name, pair.1 AS name, {BEGINNING} AS beginning, {SAMPLE} AS value,
    count() AS times, min(timestamp) AS first, max(timestamp) AS last
FROM
(
    SELECT {_SCOPE}, event_name, timestamp, {COLUMNS}
    FROM events WHERE (_part, _part_offset) IN ({_PLACES}) AND {BYTES} <= {HEAVIEST}
)
ARRAY JOIN {PAIRS} AS pair
GROUP BY {_SCOPE}, event_name, name, beginning, value
{UNPATCHED}"""
_KNOWN: Final = f"""\
SELECT
    {_SCOPE}, event_name, name, beginning, value, intDiv(times + 1, 2) AS times, first, last
FROM lexicon_values AS known
INNER JOIN
(
    SELECT {_SCOPE}, event_name, min(first) AS oldest
    FROM lexicon_days WHERE summary = {{number:UInt64}} GROUP BY {_SCOPE}, event_name
) AS kept USING ({_SCOPE}, event_name)
WHERE summary = {{before:UInt64}} AND last >= oldest"""
# Of each property and type the most frequent values, and a blank one for all others, which says
# when there were any.
_VALUES: Final = f"""\
INSERT INTO lexicon_values
    (summary, {_SCOPE}, event_name, name, beginning, times, last, first, value)
SELECT {{number:UInt64}}, {_SCOPE}, event_name, name, beginning, one.1, one.2, one.3, one.4
FROM
(
    SELECT *
    FROM
    (
        SELECT
            {_SCOPE}, event_name, name, beginning, sum(times) AS weight,
            arrayReverseSort(groupArrayIf((times, last, first, value), value != '')) AS values,
            arraySlice(values, 1, {_MOST_SAMPLES}) AS frequent,
            toUInt64(weight - arraySum(one -> one.1, frequent)) AS others,
            arrayPushBack(frequent, (others, max(last), min(first), '')) AS kept
        FROM
        (
            SELECT
                {_SCOPE}, event_name, name, beginning, value, sum(times) AS times,
                min(first) AS first, max(last) AS last
            FROM ({_KNOWN} UNION ALL {_FOUND})
            GROUP BY {_SCOPE}, event_name, name, beginning, value
        )
        GROUP BY {_SCOPE}, event_name, name, beginning
        ORDER BY weight DESC, name
        LIMIT {2 * MOST_PROPERTIES} BY {_SCOPE}, event_name
    )
    ORDER BY weight DESC, event_name, name
    LIMIT {_MOST_NAMES} BY {_SCOPE}
)
ARRAY JOIN kept AS one
{_MEMORY}"""


@dataclass(frozen=True, slots=True)
class SummaryStep:
    """Summary ``number`` is to have the rows accepted up to ``until``. ``base``: the summary whose
    events are added to, which counts up to ``since``; ``before`` the one whose values are, which
    has looked at those up to ``seen``. They are 0 where all is counted or looked at anew."""

    number: int
    until: int
    base: int
    since: int
    before: int
    seen: int


def add(client: Client, step: SummaryStep) -> None:
    """Writes the parts of a summary that is to be published."""
    bound = {"number": step.number, "until": step.until}
    client.command(_DAYS, {**bound, "base": step.base, "since": step.since})
    most = _MOST_ADDED if step.before else _MOST_AT_FIRST
    client.command(_VALUES, {**bound, "before": step.before, "since": step.seen, "most": most})
