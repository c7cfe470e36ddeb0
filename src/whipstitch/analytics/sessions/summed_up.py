"""Sessions put together from the pieces that are summed up (``piece_steps.py``), and from those of
the events that came since.

The pieces of a person that have the same ``$session_id`` are one session where no pause between
them is too long; so it is the same to put pieces together as to put events together. Whose they are
the links say, as they are when the statement begins.

Most pieces are a session by themselves. Only the others are grouped, which takes longer."""

from datetime import timedelta
from typing import Final

from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.sessions import arrivals, event_rows, pieces
from whipstitch.analytics.sessions.pieces import LONGEST_MS, PAUSE_MS
from whipstitch.analytics.sessions.sessions import KEPT, Sessions, looked_at, passing_filters
from whipstitch.analytics.summary import SINCE
from whipstitch.identity.person_map import key_of
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE


def can_be(query: Sessions) -> bool:
    """The one rule: whether pieces know what is asked for. They know nothing of single events, so
    not which of them pass a filter, and are not looked for by person."""
    return not query.filters and query.person is None


def select(query: Sessions, values: Parameters, *, came: bool) -> str:
    """What ``sessions.select`` selects, of sessions that ``can_be``. Its statement has bound
    ``since``: up to which acceptance there are pieces. ``came``: whether events came since."""
    has_view = "(notEmpty(viewed) OR notEmpty(seen))" if query.viewed else "1"
    start, end = query.range.milliseconds(values)
    counts = f"start >= {start} AND start < {end} AND {has_view}"
    around = looked_at(query)
    begins, ends = TimeRange(around.start - _LONGEST, around.end).bounds(values)
    stored = (
        f"{IN_SCOPE} AND accepted <= {{since:UInt64}} "
        f"AND session_pieces.start >= {begins} AND session_pieces.start < {ends}"
    )
    fresh = f"{IN_SCOPE} AND {around.condition(values)} AND {SINCE}"
    found = f"SELECT sent_id, session_id, {has_view} AS has_view, 1 AS times {_STORED} {stored}"
    parts = ""
    if came:
        is_view = event_rows.IS_VIEW if query.viewed else "1"
        found += (
            f" UNION ALL SELECT DISTINCT sent_id, session_id, {is_view} AS has_view, 2 AS times "
            f"FROM events WHERE {fresh}"
        )
        parts = f" UNION ALL SELECT {_NAMES} FROM ({pieces.of_rows(fresh)})"
    # As a scalar it is worked out once, and not wherever it stands.
    several = (
        "SELECT arrayJoin((SELECT groupUniqArrayArray(theirs) FROM ("
        f"SELECT groupArray({_PIECE}) AS theirs FROM ({_keyed(found)}) "
        "GROUP BY session HAVING sum(times) > 1 AND max(has_view))))"
    )
    alone = _keyed(
        f"SELECT {_READ} {_STORED} {has_view} AND {_PIECE} NOT IN ({several}) AND {stored}"
    )
    joined = _keyed(f"SELECT {_READ} {_STORED} {_PIECE} IN ({several}) AND {stored}{parts}")
    together = (
        f"SELECT {_TOGETHER} FROM (SELECT *, sum(is_new) {_SO_FAR} AS part "
        f"FROM (SELECT *, {_IS_NEW} AS is_new FROM ({joined}))) GROUP BY key, session_id, part"
    )
    described = (
        f"SELECT *, (end - start) / 1000 AS seconds, {_PAGES} AS passing_pages, "
        "passing_pages.1 AS seen_pages, active = 0 AND arraySum(passing_pages.2) <= 1 AS bounced "
        f"FROM (SELECT {_SESSION} FROM ({alone}) WHERE {counts} "
        f"UNION ALL SELECT {_SESSION} FROM ({together}) WHERE {counts})"
    )
    return passing_filters(query, KEPT, described, values)


_LONGEST: Final = timedelta(milliseconds=LONGEST_MS)
_STORED: Final = "FROM session_pieces PREWHERE"
_NAMES: Final = ", ".join(one for one in pieces.COLUMNS if one not in ("project_id", "environment"))
_READ: Final = ", ".join(
    f"toUnixTimestamp64Milli(session_pieces.{one}) AS {one}" if one in ("start", "end") else one
    for one in _NAMES.split(", ")
)
_PIECE: Final = "cityHash64(sent_id, session_id)"
_SESSION: Final = (
    "key, id, session_id, start, end, events, active, entry_page, exit_page, viewed, seen, "
    + ", ".join(arrivals.FIELDS)
)
_TOGETHER: Final = (
    "key, any(id) AS id, session_id, min(start) AS start, max(end) AS end, sum(events) AS events, "
    "sum(active) AS active, argMin(entry_page, entered) AS entry_page, "
    "argMax(exit_page, exited) AS exit_page, "
    "groupArrayArray(viewed) AS viewed, groupArrayArray(seen) AS seen, "
    + ", ".join(f"argMin({one}, entered) AS {one}" for one in arrivals.FIELDS)
)
_BEFORE: Final = (
    "OVER (PARTITION BY key, session_id ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND"
)
_SO_FAR: Final = f"{_BEFORE} CURRENT ROW)"
_IS_NEW: Final = (
    f"start - max(end) {_BEFORE} 1 PRECEDING) > if(session_id = '', {PAUSE_MS}, {LONGEST_MS})"
)


def _times(pages: str) -> str:
    """Names of pages, and how often each is there; most have one at most."""
    ones = f"arrayResize([toUInt64(1)], length({pages}), toUInt64(1))"
    return (
        f"if(length({pages}) <= 1, ({pages}, {ones}), arrayReduce('sumMap', [{pages}], [{ones}]))"
    )


# Clients that report a view by itself send a screen event of it, too, and it is one view.
_PAGES: Final = (
    f"if(empty(seen), {_times('viewed')}, arrayReduce('maxMap', [({_times('viewed')}).1, "
    f"({_times('seen')}).1], [({_times('viewed')}).2, ({_times('seen')}).2]))"
)


def _keyed(source: str) -> str:
    """A query of all of ``source``, which has ``sent_id`` and ``session_id``, and of the person's
    ``key`` and ``id``, and ``session``, the hash of person and ``$session_id``."""
    linked = (
        f"SELECT {key_of('id')} AS linked_key, {key_of('person')} AS person_key, person "
        f"FROM person_ids FINAL WHERE {IN_SCOPE}"
    )
    return (
        "SELECT *, if(person_key = 0, sent_key, person_key) AS key, "
        "if(person_key = 0, sent_id, person) AS id, cityHash64(key, session_id) AS session "
        f"FROM (SELECT *, {key_of('sent_id')} AS sent_key FROM ({source})) AS pieces "
        f"LEFT ANY JOIN ({linked}) AS known ON linked_key = sent_key"
    )
