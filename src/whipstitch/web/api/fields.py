"""What clients send, as typed values; and what is wrong with it, as the API says it: the path of a
field, and a sentence."""

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect
from starlette.requests import Request

from whipstitch.core.errors import InvalidQuery

S = TypeVar("S", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `(key in )?\$(.*)`$", re.DOTALL)
_FIELD: Final = re.compile(r"^Object (missing required|contains unknown) field `(.*)`$", re.DOTALL)
_EXPECTED: Final = re.compile(r"^Expected `(.+?)`(, got `\w+`)?(.*)$", re.DOTALL)
_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "datetime": "a time as RFC 3339 has it",
}


def body_of(sent: bytes, type_: type[S]) -> S:
    """A JSON body.

    Raises:
        InvalidQuery
    """
    try:
        return msgspec.json.decode(sent, type=type_)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), type_) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidQuery(*_unreadable(sent)) from None


def part_of(sent: Any, type_: type[S]) -> S:
    """The same of a value that stands inside a body that was read.

    Raises:
        InvalidQuery
    """
    try:
        return msgspec.convert(sent, type_)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), type_) from None
    except RecursionError:
        raise InvalidQuery("", "is nested too deeply") from None


def parameters_of(request: Request, type_: type[S]) -> S:
    """The parameters of path and query; of one that is sent twice the last holds, unless it is a
    list. Others are passed over.

    Raises:
        InvalidQuery
    """
    sent: dict[str, Any] = {}
    for field in msgspec.structs.fields(type_):
        name = field.encode_name
        if name in request.path_params:
            sent[name] = request.path_params[name]
        elif name in request.query_params:
            values = request.query_params.getlist(name)
            sent[name] = values if _is_list(field.type) else values[-1]
    try:
        return msgspec.convert(sent, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), type_) from None


def _unreadable(sent: bytes) -> tuple[str, str]:
    """What keeps a body from being read: Python's reader takes more for JSON."""
    with contextlib.suppress(ValueError, RecursionError):
        for path, value in _values(json.loads(sent), ""):
            if isinstance(value, float) and not math.isfinite(value):
                return path, "must be a number that JSON has"
            if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
                return path, "must be Unicode text"
    return "", "Invalid request body"


def _values(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The texts and numbers in a value, names among them, with their paths."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield path, name
            yield from _values(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _values(one, f"{path}[{index}]")
    else:
        yield path, value


def _kinds(found: Any) -> tuple[Any, ...]:
    """The alternatives of a type, without what is noted about them."""
    if isinstance(found, inspect.Metadata):
        return _kinds(found.type)
    if isinstance(found, inspect.UnionType):
        return tuple(kind for one in found.types for kind in _kinds(one))
    return (found,)


def _is_list(type_: Any) -> bool:
    return any(isinstance(one, inspect.ListType) for one in _kinds(inspect.type_info(type_)))


def _invalid(problem: str, type_: type) -> InvalidQuery:
    path = ""
    if place := _PLACE.search(problem):
        problem, path = problem[: place.start()], place[2].removeprefix(".")
    if named := _FIELD.match(problem):
        path = f"{path}.{named[2]}" if path else named[2]
        return InvalidQuery(
            path, "is missing" if named[1].startswith("missing") else "is not known here"
        )
    if choices := _choices(type_, path):
        return InvalidQuery(path, f"must be one of {', '.join(choices)}")
    if expected := _EXPECTED.match(problem):
        kinds = [_WORDS.get(kind.strip(), kind.strip()) for kind in expected[1].split("|")]
        return InvalidQuery(path, f"must be {' or '.join(kinds)}{expected[3]}")
    return InvalidQuery(path, problem[:1].lower() + problem[1:])


def _choices(type_: type, path: str) -> Sequence[str]:
    """The values that a field may have, where these are few."""
    found: Any = inspect.type_info(type_)
    for step in re.findall(r"\[|[^.\[\]]+", path):
        found = _inside(found, step)
    return [
        str(value)
        for one in _kinds(found)
        if isinstance(one, inspect.LiteralType)
        for value in one.values
    ]


def _inside(found: Any, step: str) -> Any:
    for one in found.types if isinstance(found, inspect.UnionType) else (found,):
        while isinstance(one, inspect.Metadata):
            one = one.type
        if step == "[" and isinstance(one, inspect.ListType):
            return one.item_type
        if isinstance(one, inspect.StructType):
            fields: Mapping[str, Any] = {field.encode_name: field.type for field in one.fields}
            if step in fields:
                return fields[step]
    return found
