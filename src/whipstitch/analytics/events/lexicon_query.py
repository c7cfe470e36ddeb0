"""What the lexicon is asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from whipstitch.analytics.expressions.time_ranges import TimeRange

DEFAULT_LIMIT: Final = 100
MOST: Final = 200
Sort = Literal["name", "count", "last_seen"]
"""By name; the most frequent first; the longest unused first."""


class LexiconPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the lexicon: an event's name, and what it is sorted by besides."""

    event_name: str
    value: Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] = 0


@dataclass(frozen=True, slots=True)
class LexiconQuery:
    """``search``: what the event's name contains, in any case of letters. ``unused_since``: only
    events that did not occur from then on. ``only`` these names (None: all), ``without`` those."""

    range: TimeRange
    limit: int = DEFAULT_LIMIT
    search: str | None = None
    after: LexiconPosition | None = None
    sort: Sort = "name"
    unused_since: datetime | None = None
    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
