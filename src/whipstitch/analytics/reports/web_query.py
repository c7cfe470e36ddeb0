"""What is asked of Web: which sessions, what tells them apart, and which of its numbers people are
asked for."""

from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.sessions.sessions import Sessions

Dimension = Literal[
    "page",
    "entry_page",
    "exit_page",
    "referrer",
    "channel",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "country",
    "device",
    "browser",
    "os",
]
DEFAULT_LIMIT: Final = 25
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class WebQuery:
    """``breakdowns``: what the numbers are told apart by, each by itself, ``limit`` values of each;
    ``alone``: the one of them whose rows stand in the answer itself."""

    sessions: Sessions
    breakdowns: tuple[Dimension, ...] = ()
    limit: int = DEFAULT_LIMIT
    alone: Dimension | None = None
    intervals: Intervals | None = None
    incomplete: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class WebSelector:
    """The visitors of a value of ``breakdown``, of sessions that ``bounced`` or not, or that begin
    in the interval from ``start`` on; None: of all."""

    breakdown: Dimension | None = None
    value: str | None = None
    bounced: bool | None = None
    start: int | None = None
