"""Which events a part of a question is about: an insight's series, a funnel's step."""

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
    """Events of one name that pass all filters. ``event_name`` None: any event."""

    event_name: str | None
    filters: tuple[Filter, ...] = ()

    def condition(self, values: Parameters, persons: Persons) -> str:
        """What a row of ``events`` must meet; never NULL."""
        passed = all_met(self.filters, values, persons)
        if self.event_name is None:
            return passed
        return f"event_name = {values.add(self.event_name)} AND {passed}"


def checked_event_name(name: str | None, field: str) -> str | None:
    """Raises:
    InvalidQuery: no event can be called so.
    """
    if name is not None and not (0 < len(name) <= _LONGEST and is_text(name)):
        raise InvalidQuery(
            field, f"must be the name of an event, of at most {_LONGEST:,} characters, or null"
        )
    return name
