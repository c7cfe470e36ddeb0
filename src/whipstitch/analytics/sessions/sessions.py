"""Sessions in SQL: the events of a person with one ``$session_id`` and at most a day between one
and the next, or without one, with at most 30 minutes.

A session is the same whatever range is asked about, and counts where it begins. So events of a day
before and after the range are looked at, too. (Of a session that goes on for more than a day after
the range, the rest is not seen.)

Views are those that Screens counts (``events/screens.py``). A bounce is a session with one view at
most in which nothing else happened, but for what clients tell by themselves."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from whipstitch.analytics.events import screens
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import Filter, PropertyFilter
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.analytics.sessions import arrivals
from whipstitch.analytics.sessions.session_filters import met_by
from whipstitch.identity.person_map import Persons
from whipstitch.ingest.validation.screens import SCREEN_EVENTS, SEEN_EVENT
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE

PAUSE_MS: Final = 30 * 60 * 1000
LONGEST_MS: Final = 24 * 60 * 60 * 1000
"""Between two events of one ``$session_id``."""
_AROUND: Final = timedelta(milliseconds=LONGEST_MS)
PASSIVE: Final = (
    *("$pageview", "$pageleave", *sorted(SCREEN_EVENTS), SEEN_EVENT, "$identify", "$set"),
    *("$create_alias", "$groupidentify", "$feature_flag_called", "$web_vitals"),
    *("$performance_event", "$queue_overflow", "$app_open_first_time", "$app_open"),
)
"""What clients tell by themselves: it does not make a visit out of a bounce."""
_FIRST_MS: Final = 2**62


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
    around, rows = _around(query, values, persons), _rows(query, values, persons)
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
    page_filter, condition = met_by(query.of_sessions, values)
    pages, page_views = "passing_pages.1", "passing_pages.2"
    if page_filter:
        pages = f"arrayFilter((one, times) -> {page_filter}, passing_pages.1, passing_pages.2)"
        page_views = f"arrayFilter((times, one) -> {page_filter}, passing_pages.2, passing_pages.1)"
    return (
        f"SELECT {_KEPT}, {pages} AS pages, {page_views} AS page_views, "
        f"arraySum(page_views) AS views FROM ({described}) WHERE {condition}"
    )


_OWN: Final = "key, id, session_id, start, end, seconds, events, bounced, entry_page, exit_page"
_KEPT: Final = f"{_OWN}, {', '.join(arrivals.FIELDS)}"
_COLUMNS: Final = (
    "key, person, session_id, at, place, is_view, is_seen, is_active, passes, page, rank, "
    + ", ".join(arrivals.TOLD)
)
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
    end = (query.whole or query.range).end
    around = TimeRange(query.range.start - _AROUND, end + _AROUND)
    conditions = [IN_SCOPE, around.condition(values)]
    if query.person is not None:
        conditions.append(rows_of(persons))
    return " AND ".join(conditions)


def _rows(query: Sessions, values: Parameters, persons: Persons) -> str:
    """Those rows, with what is needed of them."""
    passive = ", ".join(repr(one) for one in PASSIVE)
    # One number in the order of events: time, and those of one instant as they were accepted.
    place = (
        f"bitShiftLeft(toUInt128(toUnixTimestamp64Milli(timestamp) + {_FIRST_MS}), 64) + accepted"
    )
    return (
        f"SELECT {persons.key} AS key, {persons.id} AS person, session_id, "
        f"toUnixTimestamp64Milli(timestamp) AS at, {place} AS place, "
        f"{screens.IS_VIEW} AS is_view, event_name = '{SEEN_EVENT}' AS is_seen, "
        f"event_name NOT IN ({passive}) AS is_active, "
        f"{all_met(query.filters, values, persons)} AS passes, "
        f"{screens.of_row()} AS page, "
        f"if(is_view OR is_seen, place, bitOr(place, bitShiftLeft(toUInt128(1), 127))) AS rank, "
        f"{arrivals.of_row()} "
        f"FROM events WHERE {_around(query, values, persons)}"
    )
