"""Which events a part of a question is about: an insight's series, a funnel's step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.properties import is_text
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """Events of one name that pass all filters. ``event_name`` None: any event. ``merged``: what
    the name of a virtual event stands for."""

    event_name: str | None
    filters: tuple[Filter, ...] = ()
    merged: tuple["Match", ...] = ()

    def condition(self, values: Parameters, persons: Persons) -> str:
        """What a row of ``events`` must meet; never NULL."""
        passed = all_met(self.filters, values, persons)
        if self.event_name is None:
            return passed
        return f"{is_called(self.event_name, self.merged, values, persons)} AND {passed}"


@dataclass(frozen=True, slots=True)
class EventNames:
    """What rows are called where steps are named by events: as the virtual event that they belong
    to; of several in ``merged`` the first."""

    merged: tuple[Match, ...] = ()

    def of_row(self, kept: Collection[str], values: Parameters, persons: Persons) -> str:
        """A String. Events in ``kept`` are asked for by the names they were sent under."""
        if not self.merged:
            return "event_name"
        first = [one for one in self.merged if one.event_name in kept]
        merged = [*first, *(one for one in self.merged if one not in first)]
        sent = set(kept) - {one.event_name for one in first}
        branches = [f"event_name IN {values.add(sorted(sent), 'Array(String)')}, event_name"]
        branches = branches if sent else []
        branches += [
            f"{one.condition(values, persons)}, {values.add(one.event_name)}" for one in merged
        ]
        return f"multiIf({', '.join(branches)}, event_name)"


def sent_names(event_name: str | None, merged: Sequence[Match]) -> tuple[str, ...]:
    """The names that events were sent under which have the name, or are behind it; none: any."""
    names = [one.event_name for one in merged] or [event_name]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def is_called(
    event_name: str, merged: Sequence[Match], values: Parameters, persons: Persons
) -> str:
    """Whether a row of ``events`` has the name, or is one of those that it stands for."""
    if not merged:
        return f"event_name = {values.add(event_name)}"
    plain = [one.event_name for one in merged if not one.filters]
    parts = [f"({one.condition(values, persons)})" for one in merged if one.filters]
    if plain:
        parts.insert(0, f"event_name IN {values.add(plain, 'Array(String)')}")
    return f"({' OR '.join(parts)})"


def checked_event_name(name: str | None, field: str) -> str | None:
    """Raises:
    InvalidQuery: no event can be called so.
    """
    if name is not None and not (0 < len(name) <= _LONGEST and is_text(name)):
        raise InvalidQuery(
            field, f"must be the name of an event, of at most {_LONGEST:,} characters, or null"
        )
    return name
