"""What a property's name stands for in a row of events.

- A promoted name (``PROMOTED``) is a column.
- ``$distinct_id`` is the person, whichever id the row came in under.
- Any other name is a key of ``properties``, and where these have none, of ``default_properties``.
  Dots walk into objects, unless a key has the dots in its own name.

A value is text, as in JSON but without quotes, and a number where it is one or is text that reads
as one. Booleans are the texts ``true`` and ``false``, lists are their JSON. Objects are no values:
they are only there or not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.binding import quote_identifier

from whipstitch.errors import InvalidQuery
from whipstitch.queries.persons import Persons

PROMOTED: Final = {
    "$os": "os",
    "$browser": "browser",
    "$device_model": "device_model",
    "$city": "city",
    "$region": "region",
    "$country": "country",
    "$timezone": "timezone",
    "$lib_version": "lib_version",
    "$session_id": "session_id",
    "$event_name": "event_name",
    "$bot": "if(bot, 'true', 'false')",
}
"""Names of properties that are columns of ``events``. A blank column is a missing property."""
PERSON_ID: Final = "$distinct_id"
_LONGEST: Final = 1000
_DEEPEST: Final = 10


@dataclass(frozen=True, slots=True)
class Expressions:
    """A value in SQL: ``text`` is a Nullable(String), ``number`` a Nullable(Float64), both NULL
    where there is none; ``exists`` is a condition, never NULL."""

    text: str
    number: str
    exists: str


def checked_name(name: object, field: str) -> str:
    """``name``, if a property can be called so.

    Raises:
        InvalidQuery
    """
    if not isinstance(name, str) or not name:
        raise InvalidQuery(field, "must be the name of a property")
    if len(name) > _LONGEST:
        raise InvalidQuery(field, f"must not be longer than {_LONGEST} characters")
    if name.count(".") > _DEEPEST:
        raise InvalidQuery(field, f"must not have more than {_DEEPEST} dots")
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


def of_event(name: str, persons: Persons) -> Expressions:
    """The property of an event's row. ``name`` may be anything that a client sent."""
    if name == PERSON_ID:
        return _of_text(persons.id)
    column = PROMOTED.get(name)
    if column is not None:
        return _of_text(f"nullIf({column}, '')")
    places = [
        (source, path)
        for source in ("properties", "default_properties")
        for path in dict.fromkeys((name.replace(".", "%2E"), name))
    ]
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
    )


def number_in(text: str) -> str:
    """The number that a Nullable(String) reads as: infinity and NaN are none."""
    read = f"toFloat64OrNull({text})"
    return f"if(isFinite({read}), {read}, NULL)"


def _of_text(text: str) -> Expressions:
    return Expressions(f"toNullable({text})", number_in(text), f"isNotNull({text})")


def _steps(path: str) -> str:
    """The path to an object: written in one piece it would be the path to a value. (A step that
    looks quoted would not be quoted again, were it not for the letter before it.)"""
    quoted = (quote_identifier(f"x{step}") for step in path.split("."))
    return ".".join(f"`{one.removeprefix('`x')}" for one in quoted)


def _text(found: Sequence[str]) -> str:
    """The text of the first of some Dynamics that is there. Most are texts, and reading those as
    such is fast. Lists print in a way of ClickHouse's own."""
    value = found[0]
    return _first(
        found,
        f"isNotNull({value}.:String), {value}.:String, "
        f"startsWith(dynamicType({value}), 'Array'), toJSONString({value})",
        f"CAST({value}, 'Nullable(String)')",
        _text,
    )


def _number(found: Sequence[str]) -> str:
    """The number that the first of some Dynamics that is there is or reads as."""
    value = found[0]
    return _first(
        found,
        f"isNotNull({value}.:Float64), {value}.:Float64, "
        f"isNotNull({value}.:Int64), toFloat64({value}.:Int64)",
        number_in(f"CAST({value}, 'Nullable(String)')"),
        _number,
    )


def _first(
    found: Sequence[str], usual: str, otherwise: str, read: Callable[[Sequence[str]], str]
) -> str:
    """The first of some Dynamics, which has ``usual`` branches, or is read ``otherwise``."""
    value, *others = found
    if not others:
        return f"multiIf({usual}, {otherwise})"
    return f"multiIf({usual}, isNotNull({value}), {otherwise}, {read(others)})"
