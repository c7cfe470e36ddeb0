"""Rows of events as sessions look at them: when, whether a view, of which page, and what they say
of an arrival."""

from typing import Final

from whipstitch.analytics.events import screens
from whipstitch.analytics.sessions import arrivals
from whipstitch.ingest.validation.screens import SCREEN_EVENTS, SEEN_EVENT

PASSIVE: Final = (
    *("$pageview", "$pageleave", *sorted(SCREEN_EVENTS), SEEN_EVENT, "$identify", "$set"),
    *("$create_alias", "$groupidentify", "$feature_flag_called", "$web_vitals"),
    *("$performance_event", "$queue_overflow", "$app_open_first_time", "$app_open"),
)
"""What clients tell by themselves: it does not make a visit out of a bounce."""
_FIRST_MS: Final = 2**62
_PLACE: Final = (
    f"bitShiftLeft(toUInt128(toUnixTimestamp64Milli(timestamp) + {_FIRST_MS}), 64) + accepted"
)
"""One number in the order of events: time, and those of one instant as they were accepted."""
COLUMNS: Final = (
    "session_id, at, place, is_view, is_seen, is_active, passes, page, rank, "
    + ", ".join(arrivals.TOLD)
)


IS_VIEW: Final = f"({screens.IS_VIEW} OR event_name = '{SEEN_EVENT}')"
"""Whether a page was seen."""


def select(whose: str, condition: str, passes: str = "1") -> str:
    """A query of ``whose``, expressions with names, and ``COLUMNS`` of the events that meet a
    condition: ``at`` is in unix milliseconds, ``place`` in the order of events, ``rank`` has views
    first. ``passes`` is an expression over ``events``."""
    passive = ", ".join(repr(one) for one in PASSIVE)
    return (
        f"SELECT {whose}, session_id, "
        f"toUnixTimestamp64Milli(timestamp) AS at, {_PLACE} AS place, "
        f"{screens.IS_VIEW} AS is_view, event_name = '{SEEN_EVENT}' AS is_seen, "
        f"event_name NOT IN ({passive}) AS is_active, {passes} AS passes, "
        f"{screens.of_row()} AS page, "
        "if(is_view OR is_seen, place, bitOr(place, bitShiftLeft(toUInt128(1), 127))) AS rank, "
        f"{arrivals.of_row()} FROM events WHERE {condition}"
    )
