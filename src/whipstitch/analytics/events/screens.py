"""Screens: what names an event's screen, where on it a tap or click was, and which there are.

A screen event names its screen as admission reads it; another event does with the same properties
but for ``name``, which may be the name of anything there. A web page's screen is its path, unless
it is named. Views are the screen events and the views of pages.

A position is two numbers, counted from the top left of what was visible, in any unit: with a size
in the same unit they become fractions. What was scrolled away above is added, so that a position is
one of the screen's contents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.pages import cursor_of, rfc3339
from whipstitch.analytics.expressions.searching import containing, folded
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.ingest.validation.screens import NAMES, SCREEN_EVENTS, SEEN_EVENT
from whipstitch.warehouse.literals import quote_identifier
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

DEFAULT_LIMIT: Final = 100
MOST: Final = 200
LONGEST_NAME: Final = 1000

_OF_SCREEN_EVENTS: Final = "name"
_PATH: Final = "$pathname"
_ADDRESS: Final = "$current_url"
_PAGE_VIEW: Final = "$pageview"
_XS: Final = ("$x", "$touch_x", "x")
_YS: Final = ("$y", "$touch_y", "y")
_SIZES: Final = (
    ("$viewport_width", "$viewport_height"),
    ("$viewportWidth", "$viewportHeight"),
    ("$screen_width", "$screen_height"),
    ("$device_width", "$device_height"),
    ("screen_width", "screen_height"),
)
"""A browser's window goes before the monitor that it is on."""
_SCROLLS: Final = ("$scroll_offset_y", "$scroll_y", "scroll_offset_y")


class ScreenPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list: a screen's name."""

    screen: str


@dataclass(frozen=True, slots=True)
class ScreensQuery:
    """``search``: what the screen's name contains, in any case of letters; ``screen``: the whole
    name."""

    range: TimeRange
    limit: int = DEFAULT_LIMIT
    search: str | None = None
    screen: str | None = None
    after: ScreenPosition | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What events of the range say of a screen: views are its screen events, taps those with a
    position."""

    screen: str
    views: int
    taps: int
    last_seen: str | None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on its screen an event happened, in SQL: ``x``, ``y`` and ``scroll`` are
    Nullable(Float64), ``size`` is (width, height), both 0 where there is none."""

    x: str
    y: str
    size: str
    scroll: str


def of_row() -> str:
    """The screen, a String, that a row of ``events`` names; blank: none."""
    names = []
    for one in (*NAMES, _PATH):
        text = f"nullIf({quote_identifier(f'properties.{one}')}.:String, '')"
        if one == _OF_SCREEN_EVENTS:
            text = f"if({_IS_SCREEN_EVENT}, {text}, NULL)"
        names.append(text)
    return f"coalesce({', '.join(names)}, '')"


def page_of_row() -> str:
    """The page, a String, that a row of ``events`` is of: its path, which may be told with the
    whole address; blank: none."""
    path, address = (
        f"nullIf({quote_identifier(f'properties.{one}')}.:String, '')" for one in (_PATH, _ADDRESS)
    )
    return f"coalesce({path}, path({address}), '')"


def spot_of_row() -> Spot:
    """The position of a row of ``events``."""
    sizes = (
        f"(ifNull({_first(width)}, 0), ifNull({_first(height)}, 0))" for width, height in _SIZES
    )
    return Spot(
        _first(*_XS),
        _first(*_YS),
        f"arrayFirst(one -> one.1 > 0 AND one.2 > 0, [{', '.join(sizes)}])",
        _first(*_SCROLLS),
    )


def build(query: ScreensQuery) -> Sql:
    """Rows of: screen, views, taps, unix milliseconds of the last event; one more than the page
    holds."""
    values = Parameters()
    spot = spot_of_row()
    conditions = ["screen != ''"]
    if query.search:
        conditions.append(containing("screen", values.add(folded(query.search))))
    if query.screen is not None:
        conditions.append(f"screen = {values.add(query.screen)}")
    if query.after is not None:
        conditions.append(f"screen > {values.add(query.after.screen)}")
    return values.sql(
        "SELECT screen, sum(views), sum(taps), toUnixTimestamp64Milli(max(last)) FROM ("
        f"SELECT {of_row()} AS screen, {_VIEWS} AS views, "
        f"countIf(isNotNull({spot.x}) AND isNotNull({spot.y})) AS taps, "
        "max(timestamp) AS last "
        f"FROM events WHERE {IN_SCOPE} AND {query.range.condition(values)} "
        f"AND {' AND '.join(conditions)} "
        f"GROUP BY screen, session_id) "
        f"GROUP BY screen ORDER BY screen LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )


def shape(
    query: ScreensQuery, rows: Sequence[Sequence[Any]], pictured: Iterable[str]
) -> tuple[list[Seen], str | None]:
    """The page that ``rows`` make together with the screens that have a picture, by name, and where
    the next one begins."""
    seen = {screen: Seen(screen, views, taps, rfc3339(last)) for screen, views, taps, last in rows}
    wanted = (query.search or "").lower()
    after = "" if query.after is None else query.after.screen
    for screen in pictured:
        if screen > after and wanted in screen.lower() and query.screen in (None, screen):
            seen.setdefault(screen, Seen(screen, 0, 0, None))
    names = sorted(seen)
    more = len(names) > query.limit
    page = [seen[name] for name in names[: query.limit]]
    return page, cursor_of(ScreenPosition(page[-1].screen)) if more else None


def _first(*names: str) -> str:
    """The first of some properties that is a number or reads as one, a Nullable(Float64). There are
    many: to read each once, as text, takes less than half the time of ``properties.of_event``."""
    found = (
        quote_identifier(f"{source}.{name}")
        for name in names
        for source in ("properties", "default_properties")
    )
    numbers = (f"toFloat64OrNull(CAST({one}, 'Nullable(String)'))" for one in found)
    return f"coalesce({', '.join(numbers)})"


_IS_SCREEN_EVENT: Final = f"event_name IN ({', '.join(repr(one) for one in sorted(SCREEN_EVENTS))})"
IS_VIEW: Final = f"({_IS_SCREEN_EVENT} OR event_name = '{_PAGE_VIEW}')"
_VIEWS: Final = f"greatest(countIf({IS_VIEW}), countIf(event_name = '{SEEN_EVENT}'))"
"""Of one screen in one session: clients that report a view by itself send a screen event of it,
too, and it is one view."""
