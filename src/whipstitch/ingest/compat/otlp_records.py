"""The records in an OTLP request for logs, in protocol buffers or JSON: one form for both."""

import base64
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from whipstitch.ingest.compat.protobuf import LENGTH, Value, double, fields, fixed64, signed
from whipstitch.ingest.compat.request import Unreadable, mapping_of, read_json, text_of

_DEEPEST: Final = 64
"""Values inside values."""
Attributes = dict[str, Any]


class LogRecord(NamedTuple):
    """``time``: nanoseconds, 0 where none was sent. ``body``: any value."""

    resource: Attributes
    scope: str
    scope_version: str
    name: str
    time: int
    severity: str
    body: Any
    attributes: Attributes
    trace: str
    span: str


def records_of_protobuf(message: bytes) -> Iterator[LogRecord]:
    """Raises:
    Unreadable
    """
    try:
        for resource_logs in _messages(message, 1):
            resource: Attributes = {}
            for inner in _messages(resource_logs, 1):
                resource |= _attributes(inner, 1, 0)
            for scope_logs in _messages(resource_logs, 2):
                scope = version = ""
                for inner in _messages(scope_logs, 1):
                    scope, version = _text(inner, 1), _text(inner, 2)
                for record in _messages(scope_logs, 2):
                    yield _record(record, resource, scope, version)
    except ValueError as error:
        raise Unreadable("no OTLP logs") from error


def _record(message: bytes, resource: Attributes, scope: str, version: str) -> LogRecord:
    time = observed = 0
    severity = name = trace = span = ""
    body: Any = None
    for number, _, value in fields(message):
        match number, value:
            case 1, bytes():
                time = fixed64(value)
            case 11, bytes():
                observed = fixed64(value)
            case 3, bytes():
                severity = value.decode()
            case 5, bytes():
                body = _value(value, 0)
            case 9, bytes():
                trace = value.hex()
            case 10, bytes():
                span = value.hex()
            case 12, bytes():
                name = value.decode()
    attributes = _attributes(message, 6, 0)
    when = time or observed
    return LogRecord(resource, scope, version, name, when, severity, body, attributes, trace, span)


def _messages(message: bytes, wanted: int) -> Iterator[bytes]:
    for number, kind, value in fields(message):
        if number == wanted and kind == LENGTH and isinstance(value, bytes):
            yield value


def _text(message: bytes, wanted: int) -> str:
    return b"".join([*_messages(message, wanted)][-1:]).decode()


def _attributes(message: bytes, wanted: int, depth: int) -> Attributes:
    return dict(_pair(pair, depth) for pair in _messages(message, wanted))


def _pair(message: bytes, depth: int) -> tuple[str, Any]:
    name, found = "", None
    for number, kind, value in fields(message):
        if kind == LENGTH and isinstance(value, bytes):
            if number == 1:
                name = value.decode()
            elif number == 2:
                found = _value(value, depth)
    return name, found


def _value(message: bytes, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    found: Any = None
    for number, _, value in fields(message):
        found = _of_kind(number, value, depth)
    return found


def _of_kind(number: int, value: Value, depth: int) -> Any:
    match number, value:
        case 1, bytes():
            return value.decode()
        case 2, int():
            return bool(value)
        case 3, int():
            return signed(value)
        case 4, bytes() if len(value) == 8:
            return finite(double(value))
        case 5, bytes():
            return [_value(one, depth + 1) for one in _messages(value, 1)]
        case 6, bytes():
            return _attributes(value, 1, depth + 1)
        case 7, bytes():
            return base64.b64encode(value).decode()
    return None


def finite(number: float) -> float | None:
    """``number``, if JSON can tell it."""
    return number if math.isfinite(number) else None


def records_of_json(text: bytes) -> Iterator[LogRecord]:
    """Raises:
    Unreadable
    """
    sent = read_json(text)
    if not isinstance(sent, dict):
        raise Unreadable("no OTLP logs")
    try:
        for resource_logs in _objects(sent, "resourceLogs"):
            resource = _json_attributes(mapping_of(resource_logs.get("resource")), 0)
            for scope_logs in _objects(resource_logs, "scopeLogs"):
                scope = mapping_of(scope_logs.get("scope"))
                for record in _objects(scope_logs, "logRecords"):
                    yield LogRecord(
                        resource,
                        text_of(scope.get("name")),
                        text_of(scope.get("version")),
                        text_of(record.get("eventName")),
                        _whole(record.get("timeUnixNano"))
                        or _whole(record.get("observedTimeUnixNano")),
                        text_of(record.get("severityText")),
                        _json_value(record.get("body"), 0),
                        _json_attributes(record, 0),
                        text_of(record.get("traceId")),
                        text_of(record.get("spanId")),
                    )
    except ValueError as error:
        raise Unreadable("no OTLP logs") from error


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    found = mapping_of(value).get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _json_attributes(value: Any, depth: int, name: str = "attributes") -> Attributes:
    return {
        text_of(one.get("key")): _json_value(one.get("value"), depth)
        for one in _objects(value, name)
    }


def _json_value(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    for kind, inner in mapping_of(value).items():
        match kind:
            case "stringValue" | "boolValue" | "bytesValue" | "doubleValue":
                return inner
            case "intValue":
                return _whole(inner)
            case "arrayValue":
                return [_json_value(one, depth + 1) for one in _objects(inner, "values")]
            case "kvlistValue":
                return _json_attributes(inner, depth + 1, "values")
    return None


def _whole(value: Any) -> int:
    """A number, which JSON has as text where it is of 64 bits."""
    text = text_of(value)
    return int(text) if text.lstrip("-").isdigit() and len(text) <= 20 else 0
