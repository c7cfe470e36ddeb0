"""Sessions in SQL: the events of a person with one ``$session_id`` and at most a day between one
and the next, or without one, with at most 30 minutes.

A session is the same whatever range is asked about, and counts where it begins. So events of a day
before and after the range are looked at, too. (Of a session that goes on for more than a day after
the range, what comes after the end of that day, in UTC, is not seen.)

Views are those that Screens counts (``events/screens.py``). A bounce is a session with one view at
most in which nothing else happened, but for what clients tell by themselves."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import Filter, PropertyFilter
from whipstitch.analytics.expressions.time_ranges import EPOCH, TimeRange
from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.analytics.sessions import arrivals, event_rows
from whipstitch.analytics.sessions.pieces import LONGEST_MS, PAUSE_MS
from whipstitch.analytics.sessions.session_filters import met_by
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Which sessions: those that begin in ``range``, have an event that passes all ``filters``, and
    pass ``of_sessions`` themselves. ``person``: whose, by their distinct id (its statement has
    ``people`` bound then); ``viewed``: only those with a view; ``whole``: the range that ``range``
    is a piece of, whose events are seen."""

    range: TimeRange
    filters: tuple[Filter, ...] = ()
    of_sessions: tuple[PropertyFilter, ...] = ()
    viewed: bool = False
    person: str | None = None
    whole: TimeRange | None = None


def select(query: Sessions, values: Parameters, persons: Persons) -> str:
    """A query of the sessions: ``key`` and ``id`` (the person's), ``session_id``, ``start`` and
    ``end`` (unix milliseconds), ``seconds`` (Float64), ``events``, ``bounced``, ``entry_page``,
    ``exit_page``, ``pages`` (an array of names) and ``page_views`` (how often each), ``views``, and
    the ``arrivals.FIELDS``. Texts are blank where there is nothing.

    ``pages`` and ``views`` are of the views that pass ``filters``, and the filters by page."""
    around = _around(query, values, persons)
    whose = f"{persons.key} AS key, {persons.id} AS person"
    rows = event_rows.select(whose, around, all_met(query.filters, values, persons))
    long = (
        f"SELECT {_SESSION} FROM (SELECT {persons.key} AS key, session_id, "
        f"toUnixTimestamp64Milli(timestamp) AS at FROM events WHERE {around} "
        f"AND session_id != '') GROUP BY key, session_id HAVING max(at) - min(at) > {LONGEST_MS}"
    )
    # To look for pauses takes a sort, which few rows need: those are read once more. As part 0 all
    # of a session is one, which does not count where it is one of those that are split.
    numbered = (
        f"SELECT {_COLUMNS}, toUInt64(0) AS part FROM ({rows}) WHERE session_id != '' UNION ALL "
        f"SELECT {_COLUMNS}, 1 + {_PART} AS part FROM ("
        f"SELECT {_COLUMNS}, {_IS_NEW} AS is_new FROM ({rows}) "
        f"WHERE session_id = '' OR {_SESSION} IN ({long}))"
    )
    start, end = query.range.milliseconds(values)
    having = [f"start >= {start}", f"start < {end}", f"(part > 0 OR end - start <= {LONGEST_MS})"]
    passing = "1"
    if query.filters:
        passing = "passes"
        having.append("max(passes)")
    if query.viewed:
        having.append("max(is_view OR is_seen)")
    # The first view's, and where there may be none, the first event's.
    picked = "argMinIf({0}, place, is_view OR is_seen)" if query.viewed else "argMin({0}, rank)"
    first = ", ".join(f"{picked.format(name)} AS first_{name}" for name in arrivals.TOLD)
    gathered = (
        "SELECT key, session_id, part, any(person) AS id, min(at) AS start, max(at) AS end, "
        "count() AS events, countIf(is_active) AS active, "
        f"{_views('1')} AS all_pages, {_views(passing)} AS passing_pages, "
        "argMinIf(page, place, is_view OR is_seen) AS entry_page, "
        "argMaxIf(page, place, is_view OR is_seen) AS exit_page, "
        f"{first} "
        f"FROM ({numbered}) GROUP BY key, session_id, part HAVING {' AND '.join(having)}"
    )
    described = arrivals.read(
        f"{_OWN}, seen_pages, passing_pages",
        "SELECT *, (end - start) / 1000 AS seconds, all_pages.1 AS seen_pages, "
        f"active = 0 AND arraySum(all_pages.2) <= 1 AS bounced FROM ({gathered})",
    )
    return passing_filters(query, KEPT, described, values)


def passing_filters(query: Sessions, kept: str, described: str, values: Parameters) -> str:
    """A query of ``kept``, ``pages``, ``page_views`` and ``views`` of those of ``described``,
    sessions with ``seen_pages`` (names) and ``passing_pages`` (names, and how often each), that
    pass the filters of sessions."""
    page_filter, condition = met_by(query.of_sessions, values)
    pages, page_views = "passing_pages.1", "passing_pages.2"
    if page_filter:
        pages = f"arrayFilter((one, times) -> {page_filter}, passing_pages.1, passing_pages.2)"
        page_views = f"arrayFilter((times, one) -> {page_filter}, passing_pages.2, passing_pages.1)"
    return (
        f"SELECT {kept}, {pages} AS pages, {page_views} AS page_views, "
        f"arraySum(page_views) AS views FROM ({described}) WHERE {condition}"
    )


def looked_at(query: Sessions) -> TimeRange:
    """The time of all events that may be of the sessions."""
    # To the end of a day in UTC, at which no piece goes on.
    end = (query.whole or query.range).end + 2 * _DAY - timedelta(microseconds=1)
    return TimeRange(query.range.start - _DAY, EPOCH + (end - EPOCH) // _DAY * _DAY)


_OWN: Final = "key, id, session_id, start, end, seconds, events, bounced, entry_page, exit_page"
KEPT: Final = f"{_OWN}, {', '.join(arrivals.FIELDS)}"
"""What ``select`` selects, but for what filters choose."""
_COLUMNS: Final = f"key, person, {event_rows.COLUMNS}"
_SESSION: Final = "cityHash64(key, session_id)"
_BEFORE: Final = (
    "OVER (PARTITION BY key, session_id ORDER BY place "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
)
_IS_NEW: Final = (
    f"at - lagInFrame(at, 1, at) {_BEFORE} > if(session_id = '', {PAUSE_MS}, {LONGEST_MS})"
)
_PART: Final = f"sum(is_new) {_BEFORE}"


def _views(condition: str) -> str:
    """The pages that were seen, and how often each: clients that report a view by itself send a
    screen event of it, too, and it is one view."""
    shown, seen = (
        f"sumMapIf([page], [toUInt64(1)], {kind} AND {condition})"
        for kind in ("is_view", "is_seen")
    )
    either = f"arrayReduce('maxMap', [({shown}).1, ({seen}).1], [({shown}).2, ({seen}).2])"
    return f"if(empty(({seen}).1), {shown}, {either})"


def _around(query: Sessions, values: Parameters, persons: Persons) -> str:
    """What a row of ``events`` must meet to be of a session that may count."""
    conditions = [IN_SCOPE, looked_at(query).condition(values)]
    if query.person is not None:
        conditions.append(rows_of(persons))
    return " AND ".join(conditions)
