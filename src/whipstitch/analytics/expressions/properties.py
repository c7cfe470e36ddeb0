"""What a property's name stands for in a row of events.

- A promoted name (``PROMOTED``) is a column.
- ``$distinct_id`` is the person, whichever id the row came in under.
- Any other name is a key of ``properties``, and where these have none, of ``default_properties``.
  Dots walk into objects, unless a key has the dots in its own name.
- ``properties.NAME`` and ``default_properties.NAME`` are what was sent there under any name, as it
  was sent, unless a key is called so.
- What is ``computed`` is worked out from others (``computing``).

What values are: ``values``."""

from collections.abc import Callable, Sequence
from typing import Final

from whipstitch.analytics.expressions import computing
from whipstitch.analytics.expressions.numbers import number_in
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.analytics.expressions.values import Expressions, of_text
from whipstitch.core.errors import InvalidQuery
from whipstitch.core.event_columns import COLUMNS
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.literals import quote_identifier
from whipstitch.warehouse.parameters import Parameters

PROMOTED: Final = {
    one.property: f"if({one.name}, 'true', 'false')" if one.is_flag else one.name
    for one in COLUMNS
    if one.property
}
"""Names of properties that are columns of ``events``. A blank column is a missing property."""
PERSON_ID: Final = "$distinct_id"
OS: Final = "$os"
"""Its values are in lower case, whatever was sent."""
_SOURCES: Final = ("properties", "default_properties")
LONGEST_NAME: Final = 1000
"""Characters."""
DEEPEST_NAME: Final = 10
"""Dots."""


def checked_name(name: object, field: str) -> str:
    """``name``, if a property can be called so.

    Raises:
        InvalidQuery
    """
    if not isinstance(name, str) or not name:
        raise InvalidQuery(field, "must be the name of a property")
    if len(name) > LONGEST_NAME:
        raise InvalidQuery(field, f"must not be longer than {LONGEST_NAME} characters")
    if name.count(".") > DEEPEST_NAME:
        raise InvalidQuery(field, f"must not have more than {DEEPEST_NAME} dots")
    if not is_text(name):
        raise InvalidQuery(field, "must be Unicode text")
    return name


def is_text(text: str) -> bool:
    """Whether it is Unicode: JSON can also say lone surrogates, which nothing stores."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def name_of_sent(source: str, name: str) -> str:
    """What filters call the key that a client sent in ``source``; ``name`` gives it, an
    expression."""
    taken = ", ".join(f"'{one}'" for one in (*PROMOTED, PERSON_ID))
    return f"if({name} IN ({taken}), concat('{source}.', {name}), {name})"


def is_of_server(name: str) -> bool:
    """Whether the server gives a name its meaning: nothing else than an event has such."""
    return name in PROMOTED or name == PERSON_ID


def is_of_events(name: str) -> bool:
    """Whether only events have the property, as far as its name says."""
    return is_of_server(name) or any(
        is_of_server(name.removeprefix(f"{source}.")) for source in _SOURCES
    )


def of_event(
    name: str, persons: Persons, values: Parameters, computed: Node | None = None
) -> Expressions:
    """The property of an event's row. ``name`` may be anything that a client sent; ``computed``:
    how a virtual one is worked out."""
    if computed is None:
        return _sent(name, persons)
    return computing.of(computed, lambda one: _sent(one, persons), values, name)


def _sent(name: str, persons: Persons) -> Expressions:
    if name == PERSON_ID:
        return of_text(persons.id)
    column = PROMOTED.get(name)
    if column is None:
        return _of_paths([*_paths(_SOURCES, name), *_explicit(name)])
    return of_text(f"nullIf({column}, '')")


def _paths(sources: Sequence[str], name: str) -> list[tuple[str, str]]:
    """Where ``name`` may be, the first first."""
    return [
        (source, path)
        for source in sources
        for path in dict.fromkeys((name.replace(".", "%2E"), name))
    ]


def _explicit(name: str) -> list[tuple[str, str]]:
    """Where ``properties.NAME`` may be, beside where any other name is looked for."""
    for source in _SOURCES:
        if name.startswith(f"{source}.") and (sent := name.removeprefix(f"{source}.")):
            return _paths([source], sent)
    return []


def _of_paths(places: Sequence[tuple[str, str]]) -> Expressions:
    found = [quote_identifier(f"{source}.{path}") for source, path in places]
    conditions = [f"isNotNull({one})" for one in found]
    conditions += [
        f"toString({source}.^{_steps(path)}) != '{{}}'"
        for source, path in places
        if all(path.split("."))
    ]
    return Expressions(
        _text(found),
        _number(found),
        f"({' OR '.join(conditions)})",
        _is_list(found),
    )


def _steps(path: str) -> str:
    """The path to an object: written in one piece it would be the path to a value. (A step that
    looks quoted would not be quoted again, were it not for the letter before it.)"""
    quoted = (quote_identifier(f"x{step}") for step in path.split("."))
    return ".".join(f"`{one.removeprefix('`x')}" for one in quoted)


def _text(found: Sequence[str]) -> str:
    """The text of the first of some Dynamics that is there. Most are texts or numbers, and reading
    those as such is fast. Lists print in a way of ClickHouse's own."""
    value = found[0]
    return _first(
        found,
        f"isNotNull({value}.:String), {value}.:String, "
        f"isNotNull({value}.:Int64), toString({value}.:Int64), "
        # -0 is 0
        f"isNotNull({value}.:Float64), toString({value}.:Float64 + 0), "
        f"{_is_array(value)}, toJSONString({value})",
        f"CAST({value}, 'Nullable(String)')",
        _text,
    )


def _number(found: Sequence[str]) -> str:
    """The number that the first of some Dynamics that is there is or reads as."""
    value = found[0]
    return _first(
        found,
        f"isNotNull({value}.:Float64), {value}.:Float64 + 0, "
        f"isNotNull({value}.:Int64), toFloat64({value}.:Int64)",
        number_in(f"CAST({value}, 'Nullable(String)')"),
        _number,
    )


def _is_list(found: Sequence[str]) -> str:
    """Whether the first of some Dynamics that is there is a list."""
    value, *others = found
    if not others:
        return _is_array(value)
    return f"if(isNotNull({value}), {_is_array(value)}, {_is_list(others)})"


def _is_array(value: str) -> str:
    return f"startsWith(dynamicType({value}), 'Array')"


def _first(
    found: Sequence[str], usual: str, otherwise: str, read: Callable[[Sequence[str]], str]
) -> str:
    """The first of some Dynamics, which has ``usual`` branches, or is read ``otherwise``."""
    value, *others = found
    if not others:
        return f"multiIf({usual}, {otherwise})"
    return f"multiIf({usual}, isNotNull({value}), {otherwise}, {read(others)})"
