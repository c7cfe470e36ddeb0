"""OpenTelemetry's logs over HTTP: ``/v1/logs``, in protocol buffers or JSON.

A record with an event's name is an event; log lines without one are not, and the answer's partial
success says so. The key comes in a header that the exporter is told to send: ``x-api-key``, or
``Authorization: Bearer``."""

from typing import Any, Final

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.otlp_records import LogRecord, records_of_json, records_of_protobuf
from whipstitch.ingest.compat.protobuf import field
from whipstitch.ingest.compat.request import CompatRequest, bearer, text_of
from whipstitch.ingest.compat.translation import (
    POST,
    CompatAnswer,
    Ecosystem,
    Properties,
    Route,
    Translation,
    error_of,
    json_answer,
)
from whipstitch.ingest.http.decompression import Oversized
from whipstitch.ingest.validation.answers import Answer

_PROTOBUF: Final = "application/x-protobuf"
_PEOPLE: Final = (
    "distinct_id",
    "user.id",
    "enduser.id",
    "user_id",
    "app.installation.id",
    "device.id",
)
"""Attributes that name a person, of the record first, then of its resource."""
_DEFAULTS: Final = {
    "os.type": "$os",
    "os.version": "$os_version",
    "device.model.name": "$device_model",
    "device.manufacturer": "$device_manufacturer",
    "service.version": "$app_version",
    "browser.language": "$language",
    "browser.platform": "$platform",
}
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes, as OpenTelemetry's own collector takes of a message by default: these are read field by
field."""
_UNNAMED: Final = "records without an event name are no events"


def translate(request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable, Oversized
    """
    if len(body) > _LARGEST:
        raise Oversized
    done = Translation(key_of(request))
    # The content type says which; of what does not, only JSON begins so.
    as_json = "json" in request.header(b"content-type") or body.lstrip()[:1] == b"{"
    for record in (records_of_json if as_json else records_of_protobuf)(body):
        name = record.name or text_of(record.attributes.get("event.name"))
        if name:
            _event(done, name, record)
        else:
            done.drop(Reason.LOG_LINE)
    return done


def _event(done: Translation, name: str, record: LogRecord) -> None:
    properties: Properties = {k: v for k, v in record.attributes.items() if k != "event.name"}
    if isinstance(record.body, dict):
        properties = record.body | properties
    elif record.body not in (None, ""):
        properties["body"] = record.body
    session = text_of(properties.get("session.id"))
    if session:
        properties.setdefault("$session_id", session)
    for field_name, value in (
        ("severity", record.severity),
        ("trace_id", record.trace),
        ("span_id", record.span),
    ):
        if value:
            properties.setdefault(field_name, value)
    sdk, version = (
        text_of(record.resource.get(f"telemetry.sdk.{one}")) for one in ("name", "version")
    )
    done.track(
        name,
        _person(record),
        properties,
        timestamp=record.time // 1_000_000 or None,
        message_id=text_of(record.attributes.get("log.record.uid")),
        defaults=_defaults(record.resource),
        lib_version=f"{sdk}@{version}" if sdk and version else "",
    )


def _person(record: LogRecord) -> str:
    for attributes in (record.attributes, record.resource):
        for name in _PEOPLE:
            if found := text_of(attributes.get(name)):
                return found
    # What names nobody was done by the service.
    return f"service:{text_of(record.resource.get('service.name')) or 'unknown'}"


def _defaults(resource: dict[str, Any]) -> Properties:
    named = {here: resource[there] for there, here in _DEFAULTS.items() if there in resource}
    return resource | named


def key_of(request: CompatRequest) -> str:
    return request.header(b"x-api-key") or bearer(request) or request.query.get("x-api-key", "")


def _in_json(request: CompatRequest) -> bool:
    return "json" in request.header(b"content-type")


def _success(request: CompatRequest, done: Translation) -> CompatAnswer:
    rejected = sum(done.drops.values())
    if _in_json(request):
        partial = {"rejectedLogRecords": str(rejected), "errorMessage": _UNNAMED}
        return json_answer(200, **({"partialSuccess": partial} if rejected else {}))
    body = field(1, field(1, rejected) + field(2, _UNNAMED.encode())) if rejected else b""
    return CompatAnswer(200, body, _PROTOBUF)


def _failure(request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    if _in_json(request):
        return json_answer(answer.status, message=error_of(answer))
    return CompatAnswer(answer.status, field(2, error_of(answer).encode()), _PROTOBUF)


ECOSYSTEM: Final = Ecosystem(
    "otlp", (Route(POST, "/v1/logs", translate),), _success, _failure, key_of
)
