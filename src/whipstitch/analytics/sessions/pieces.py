"""Pieces of sessions: what one id, as it was sent, did in one session and one day, of some rows of
events; without a ``$session_id`` in half an hour.

No pause within a piece ends a session, so that sessions are put together from pieces as they are
from events (``summed_up.py``), and pieces are made by grouping alone. Whose an id is, is looked up
when they are read: no stitch and no undo changes a piece."""

import hashlib
from typing import Final

from whipstitch.analytics.sessions import arrivals, event_rows

PAUSE_MS: Final = 30 * 60 * 1000
LONGEST_MS: Final = 24 * 60 * 60 * 1000
"""Between two events of one ``$session_id``."""
WHO: Final = ("project_id", "environment", "sent_id")
COLUMNS: Final = (
    *(*WHO, "session_id", "start", "end", "events", "active", "entered", "exited"),
    *("entry_page", "exit_page", "viewed", "seen", *arrivals.FIELDS),
)
"""``start`` and ``end`` are unix milliseconds; ``active`` counts events that no client tells by
itself; ``entered`` is the rank of the row that the entry page and the ``arrivals.FIELDS`` are of,
``exited`` the place of the last view (``event_rows.py``), 0 where there is none; ``viewed`` and
``seen`` are pages, one for each view, or each event that says one was seen."""
_OWN: Final = ", ".join(one for one in COLUMNS if one not in arrivals.FIELDS)
_EARLIEST_MS: Final = 100_000 * LONGEST_MS
"""Added to times, none is below 0; days begin where they do in UTC."""
BEGINS: Final = f"intDiv(at + {_EARLIEST_MS}, if(session_id = '', {PAUSE_MS}, {LONGEST_MS}))"
_BETWEEN: Final = r"'\xff'"
"""Stands in no text, which is UTF-8."""


def of_rows(condition: str) -> str:
    """A query of ``COLUMNS``, of the rows of ``events`` that meet a condition."""
    # One text is carried along for a third of what thirteen cost.
    told = f", {_BETWEEN}, ".join(arrivals.TOLD)
    gathered = (
        f"SELECT {', '.join(WHO)}, session_id, min(at) AS start, max(at) AS end, "
        "count() AS events, countIf(is_active) AS active, "
        "min(rank) AS entered, maxIf(place, is_view OR is_seen) AS exited, "
        "argMinIf(page, place, is_view OR is_seen) AS entry_page, "
        "argMaxIf(page, place, is_view OR is_seen) AS exit_page, "
        "groupArrayIf(page, is_view) AS viewed, groupArrayIf(page, is_seen) AS seen, "
        f"splitByChar({_BETWEEN}, argMin(concat({told}), rank)) AS told "
        f"FROM ({event_rows.select(', '.join(WHO), condition)}) "
        f"GROUP BY {', '.join(WHO)}, session_id, {BEGINS}"
    )
    first = ", ".join(f"told[{at}] AS first_{one}" for at, one in enumerate(arrivals.TOLD, 1))
    return arrivals.read(_OWN, f"SELECT *, {first} FROM ({gathered})")


MADE_BY: Final = hashlib.sha256(of_rows("").encode()).hexdigest()[:16]
"""Tells pieces apart that another version of this module made otherwise."""
