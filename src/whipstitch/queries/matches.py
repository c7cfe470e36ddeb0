"""Which events a part of a question is about: an insight's series, a funnel's step."""

from dataclasses import dataclass
from typing import Final

from whipstitch.errors import InvalidQuery
from whipstitch.queries import filters
from whipstitch.queries.filters import Filter
from whipstitch.queries.persons import Persons
from whipstitch.queries.properties import is_text
from whipstitch.queries.values import Values

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """Events of one name that pass all filters. ``event_name`` None: any event."""

    event_name: str | None
    filters: tuple[Filter, ...] = ()

    def condition(self, values: Values, persons: Persons) -> str:
        """What a row of ``events`` must meet; never NULL."""
        passed = filters.condition(self.filters, values, persons)
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
