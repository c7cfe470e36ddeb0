"""Filters of sessions: conditions on what a session is, beside those on its events.

They have ``"on": "session"`` and name one of ``PROPERTIES``. A session has several pages; what a
positive operator asks for is met where one of them meets it."""

from collections.abc import Sequence
from typing import Final

from whipstitch.analytics.expressions import conditions, filters
from whipstitch.analytics.expressions.filters import Filter, PropertyFilter
from whipstitch.analytics.expressions.numbers import number_in
from whipstitch.analytics.expressions.values import Expressions
from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters

PAGE: Final = "page"
TEXTS: Final = (
    *(PAGE, "entry_page", "exit_page", "referrer", "channel", "utm_source", "utm_medium"),
    *("utm_campaign", "country", "device", "browser", "os"),
)
"""What sessions are told apart by, too."""
NUMBERS: Final = ("views", "events", "seconds")
PROPERTIES: Final = (*TEXTS, *NUMBERS, "bounced")


def split(
    parsed: Sequence[Filter],
) -> tuple[tuple[Filter, ...], tuple[PropertyFilter, ...]]:
    """The filters of events, and those of sessions.

    Raises:
        InvalidQuery: sessions have no such property.
    """
    of_events: list[Filter] = []
    of_sessions: list[PropertyFilter] = []
    for one in parsed:
        if not isinstance(one, PropertyFilter) or one.on != "session":
            of_events.append(one)
        elif one.property not in PROPERTIES:
            raise InvalidQuery(f"{one.path}.property", f"must be one of {', '.join(PROPERTIES)}")
        else:
            of_sessions.append(one)
    return tuple(of_events), tuple(of_sessions)


def met_by(wanted: Sequence[PropertyFilter], values: Parameters) -> tuple[str, str]:
    """Which pages' views are counted (a condition on ``one``; blank: all), and what a session must
    meet."""
    pages, met = [], []
    for one in wanted:
        negative = one.operator in filters.OPPOSITES
        if one.property == PAGE:
            condition = _met(one, _text("one"), values)
            if not negative:
                pages.append(condition)
            found = f"arrayExists(one -> {condition}, seen_pages)"
        else:
            found = _met(one, _value(one.property), values)
        met.append(f"NOT ({found})" if negative else f"({found})")
    return " OR ".join(pages), " AND ".join(met) or "1"


def _met(one: PropertyFilter, value: Expressions, values: Parameters) -> str:
    wanted = one.values
    if one.property == "os" and one.operator != "regex":
        wanted = tuple(value.lower() if isinstance(value, str) else value for value in wanted)
    return conditions.met(value, filters.positive(one.operator), wanted, values)


def _value(name: str) -> Expressions:
    if name == "bounced":
        return _text("if(bounced, 'true', 'false')")
    return _text(f"toString({name})")


def _text(value: str) -> Expressions:
    text = f"nullIf({value}, '')"
    return Expressions(text, number_in(text), f"isNotNull({text})")
