"""The row of an event: what the client sent, and what the server adds (contract README, "Time",
"Enrichment")."""

from typing import Any, Final

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.core.reasons import Reason
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.validation.bodies import text_of
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.equal_keys import last_of_equal_keys
from whipstitch.ingest.validation.message_ids import ABSENT, MessageIds, once
from whipstitch.ingest.validation.payloads import TrackPayload
from whipstitch.ingest.validation.rows import EventRow
from whipstitch.ingest.validation.timestamps import time_sent

_EMPTY: Final = msgspec.Raw(b"{}")
_NESTED: Final = 2
"""Objects in properties that have one within."""
_EVENTS_LOST: Final = "$queue_overflow"
"""The event by which a client tells that its queue was full."""


class NotAnObject(ValueError):
    """Properties that are a list, a number or a text."""


class _Device(msgspec.Struct, frozen=True, gc=False):
    """The default properties that stand where the User-Agent says nothing."""

    os: str = msgspec.field(default="", name="$os")
    browser: str = msgspec.field(default="", name="$browser")
    device_model: str = msgspec.field(default="", name="$device_model")


class _Sent(MessageIds, frozen=True, gc=False):
    """The properties that the engine itself reads. Of the device, where the default ones say
    nothing either: many SDKs send it among the event's own."""

    os: str = msgspec.field(default="", name="$os")
    browser: str = msgspec.field(default="", name="$browser")
    device_model: str = msgspec.field(default="", name="$device_model")
    session_id: str = msgspec.field(default="", name="$session_id")
    lib_version: str = msgspec.field(default="", name="$lib_version")
    timestamp: msgspec.Raw = msgspec.field(default=ABSENT, name="$timestamp")
    time: msgspec.Raw = msgspec.field(default=ABSENT, name="$time")


class _Values(MessageIds, frozen=True, gc=False):
    """The same properties and the app's version, of any type."""

    os: msgspec.Raw = msgspec.field(default=ABSENT, name="$os")
    browser: msgspec.Raw = msgspec.field(default=ABSENT, name="$browser")
    device_model: msgspec.Raw = msgspec.field(default=ABSENT, name="$device_model")
    session_id: msgspec.Raw = msgspec.field(default=ABSENT, name="$session_id")
    lib_version: msgspec.Raw = msgspec.field(default=ABSENT, name="$lib_version")
    timestamp: msgspec.Raw = msgspec.field(default=ABSENT, name="$timestamp")
    time: msgspec.Raw = msgspec.field(default=ABSENT, name="$time")
    app_version: msgspec.Raw = msgspec.field(default=ABSENT, name="$app_version")


_NO_SENT: Final = _Sent()
_NO_VALUES: Final = _Values()
_NO_DEFAULTS: Final = _Device()
_sent = msgspec.json.Decoder(_Sent)
_defaults = msgspec.json.Decoder(_Device)
_raw_values = msgspec.json.Decoder(_Values | None)


def event_row(
    event: TrackPayload,
    key: IngestionKey,
    agent: Agent,
    place: Place,
    id_: str,
    accepted: int,
    received: int,
    remarks: Remarks,
    *,
    nested: bool = True,
) -> EventRow:
    """An ``event`` with name and id, and what the server adds (contract README, "Time",
    "Enrichment"). ``remarks`` takes note of times that do not parse. ``nested``: whether an object
    may lie within its properties.

    Raises:
        NotAnObject: its properties, or default properties, are neither an object nor null.
    """
    properties, sent = event.properties, _NO_SENT
    if properties is ABSENT:
        properties = _EMPTY
    else:
        try:
            sent = _sent.decode(properties)
        except msgspec.DecodeError:
            properties, sent = _read_odd(properties)
        properties = last_of_equal_keys(properties, _NESTED) if nested else properties
    defaults, fallback = event.default_properties, _NO_DEFAULTS
    if defaults is ABSENT:
        defaults = _EMPTY
    else:
        try:
            fallback = _defaults.decode(defaults)
        except msgspec.DecodeError:
            defaults, fallback = _read_odd_defaults(defaults)
        defaults = last_of_equal_keys(defaults, _NESTED) if nested else defaults
    timestamp = time_sent(event.timestamp, remarks)
    if timestamp is None and sent is not _NO_SENT:
        timestamp = time_sent(sent.timestamp, remarks)
        if timestamp is None:
            timestamp = time_sent(sent.time, remarks)
    if timestamp is None:
        timestamp = received
    if event.event_name == _EVENTS_LOST:
        remarks.note(Reason.EVENTS_LOST)
    return EventRow(
        key.project.id,
        key.environment,
        id_,
        event.event_name or "",
        event.distinct_id or "",
        sent.session_id,
        timestamp,
        accepted,
        received,
        agent.os or (fallback.os or sent.os).lower(),
        agent.browser or fallback.browser or sent.browser,
        agent.device_model or fallback.device_model or sent.device_model,
        agent.bot,
        place.city,
        place.region,
        place.country,
        place.timezone,
        event.lib_version or sent.lib_version,
        properties,
        defaults,
        once(
            "track",
            key,
            event,
            sent,
            (event.event_name or "", event.distinct_id or "", event.properties, event.timestamp),
        ),
    )


def app_version(event: TrackPayload) -> str | None:
    """The ``$app_version`` of an event, wherever it was sent."""
    for raw in (event.properties, event.default_properties):
        version = raw is not ABSENT and text_of(_values(raw).app_version)
        if version:
            return version
    return None


def _read_odd(properties: msgspec.Raw) -> tuple[msgspec.Raw, _Sent]:
    """Properties that are null, or of which the engine's own have unexpected types: those say
    nothing, the others still do."""
    values = _values(properties)
    fields: dict[str, Any] = {
        **_texts(values, *_Device.__struct_fields__, "session_id", "lib_version"),
        **{name: getattr(values, name) for name in MessageIds.__struct_fields__},
    }
    sent = _Sent(timestamp=values.timestamp, time=values.time, **fields)
    return _EMPTY if values is _NO_VALUES else properties, sent


def _read_odd_defaults(defaults: msgspec.Raw) -> tuple[msgspec.Raw, _Device]:
    values = _values(defaults)
    device = _Device(**_texts(values, *_Device.__struct_fields__))
    return _EMPTY if values is _NO_VALUES else defaults, device


def _texts(values: _Values, *names: str) -> dict[str, str]:
    return {name: text_of(getattr(values, name)) for name in names}


def _values(raw: msgspec.Raw) -> _Values:
    """The raw values of an object; none of null.

    Raises:
        NotAnObject
    """
    try:
        return _raw_values.decode(raw) or _NO_VALUES
    except msgspec.DecodeError as error:
        raise NotAnObject from error
