"""The rows that the journal holds and ClickHouse loads: one JSON object a line.

Their field names are the storage's interface: ``storage`` reads exactly these."""

from decimal import Context, Decimal
from typing import Any, Final

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey
from whipstitch.core.reasons import Reason
from whipstitch.ingest.client import COOKIELESS
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.bodies import (
    ABSENT,
    AliasPayload,
    PeoplePayload,
    TrackPayload,
    text_of,
)
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.equal_keys import last_of_equal_keys
from whipstitch.ingest.validation.message_ids import (
    NO_IDS,
    MessageIds,
    content_of_people,
    ids_in,
    once,
)

_EMPTY: Final = msgspec.Raw(b"{}")
_AHEAD_MS: Final = 60_000
"""So far the numbers of acceptance may be ahead of the clock before it counts as set back."""
_NESTED: Final = 2
"""Objects in properties that have one within."""
_EVENTS_LOST: Final = "$queue_overflow"
"""The event by which a client tells that its queue was full."""
SET_ONCE: Final = 1
"""The operation of a trait that is set where nobody set it."""
_LONGEST_NUMBER: Final = 400
_NUMBER_STARTS: Final = frozenset(b"%c" % one for one in b"-0123456789")
_MOST_ADDED: Final = Decimal("1e30")
_LAST_PLACE: Final = Decimal("1e-18")
_DECIMALS: Final = Context(prec=76)
"""As exact as ClickHouse's own sums."""
_DAY_MS: Final = 24 * 60 * 60 * 1000


class EventRow(msgspec.Struct, tag_field="k", tag="track", gc=False, omit_defaults=True):
    """``timestamp`` and ``received`` in unix milliseconds; ``accepted``, which tells the order, in
    unix microseconds. ``once``: see ``message_ids``."""

    project_id: str
    environment: str
    id: str
    event_name: str
    distinct_id: str
    session_id: str
    timestamp: int
    accepted: int
    received: int
    os: str
    browser: str
    device_model: str
    bot: bool
    city: str
    region: str
    country: str
    timezone: str
    lib_version: str
    properties: msgspec.Raw
    default_properties: msgspec.Raw
    once: str = ""


class TraitRow(msgspec.Struct, tag_field="k", tag="trait", gc=False, omit_defaults=True):
    """One trait of one person; ``value`` is JSON text. The row with no property says only that the
    person exists. ``part_of``: the number of its update, where the row has one of its own."""

    project_id: str
    environment: str
    distinct_id: str
    property: str
    value: str
    deleted: bool
    timestamp: int
    accepted: int
    operation: int = 0
    """0: ``value`` is set, or the trait deleted; ``SET_ONCE``; or the number of acceptance, and it
    is added."""
    once: str = ""
    part_of: int = 0


class AliasRow(msgspec.Struct, tag_field="k", tag="alias", gc=False, omit_defaults=True):
    """``refused`` is blank, or why the alias changes nothing."""

    project_id: str
    environment: str
    alias_id: str
    distinct_id: str
    timestamp: int
    received: int
    accepted: int
    refused: str
    once: str = ""


Row = EventRow | TraitRow | AliasRow
encode_lines = msgspec.json.Encoder().encode_lines


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
    timestamp = _time_sent(event.timestamp, remarks)
    if timestamp is None and sent is not _NO_SENT:
        timestamp = _time_sent(sent.timestamp, remarks)
        if timestamp is None:
            timestamp = _time_sent(sent.time, remarks)
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


def trait_rows(
    update: PeoplePayload, key: IngestionKey, accepted: int, received: int, remarks: Remarks
) -> list[TraitRow]:
    """The rows of one update (contract README, "People")."""
    rows = _trait_rows(update, key, accepted, received, remarks)
    if once_ := once_of_people(update, key):
        for row in rows:
            row.once = once_
    return rows


def _trait_rows(
    update: PeoplePayload, key: IngestionKey, accepted: int, received: int, remarks: Remarks
) -> list[TraitRow]:
    """One row for the person and one a key sent; ``null`` among the properties deletes (contract
    README, "People").
    Which update wins, a time more than a day ahead of its receipt does not say: the time of receipt
    stands for it, or nobody could change the trait until then.

    The person's row has the key that a client's own blank key has, too, and is older than all."""
    timestamp = _time_sent(update.timestamp, remarks)
    if timestamp is not None and timestamp > received + _DAY_MS:
        remarks.note(Reason.TIME_AHEAD)
        timestamp = None
    recent = timestamp is None or timestamp >= received - _DAY_MS
    if recent and accepted // 1000 - received > _AHEAD_MS:
        # The clock was ahead once. Updates of then, which have its times, must not win over this.
        timestamp = accepted // 1000
    elif timestamp is None:
        timestamp = received
    project, environment, distinct_id = key.project.id, key.environment, update.distinct_id or ""
    rows = [
        TraitRow(project, environment, distinct_id, "", "", True, timestamps.EARLIEST_MS, accepted)
    ]
    for name, raw in (update.properties or {}).items():
        value = bytes(last_of_equal_keys(raw))
        deleted = value == b"null"
        text = "" if deleted else value.decode()
        rows.append(
            TraitRow(project, environment, distinct_id, name, text, deleted, timestamp, accepted)
        )
    if update.set_once is None and update.add is None:
        return rows
    changes = [
        (name, bytes(last_of_equal_keys(raw)).decode(), SET_ONCE)
        for name, raw in (update.set_once or {}).items()
        if not timestamps.is_null(raw)
    ]
    for name, raw in (update.add or {}).items():
        amount = _amount(raw)
        if amount is not None:
            changes.append((name, amount, accepted))
        elif not timestamps.is_null(raw):
            remarks.note(Reason.NOT_ADDED)
    rows += [
        TraitRow(
            project, environment, distinct_id, name, text, False, timestamp, accepted, operation
        )
        for name, text, operation in changes
    ]
    return rows


def _amount(raw: msgspec.Raw) -> str | None:
    """The number to be added, as a plain decimal of at most 18 places; None: it is none."""
    if len(raw) > _LONGEST_NUMBER or bytes(raw)[:1] not in _NUMBER_STARTS:
        return None
    number = Decimal(bytes(raw).decode())
    if abs(number) > _MOST_ADDED:
        return None
    return f"{_DECIMALS.quantize(number, _LAST_PLACE):f}"


def once_of_people(update: PeoplePayload, key: IngestionKey) -> str:
    """The digest of an update's id (``message_ids``)."""
    properties = update.properties or {}
    sent = NO_IDS
    if any(name in properties for name in MessageIds.__struct_encode_fields__):
        named = {
            field: properties.get(name, ABSENT)
            for field, name in zip(
                MessageIds.__struct_fields__, MessageIds.__struct_encode_fields__, strict=True
            )
        }
        sent = MessageIds(**named)
    elif not any(getattr(update, field) is not ABSENT for field in MessageIds.__struct_fields__):
        return ""
    said = ((named or {}).items() for named in (properties, update.set_once, update.add))
    content = content_of_people(update.distinct_id or "", update.timestamp, *said)
    return once("people", key, update, sent, content)


def alias_row(
    alias: AliasPayload,
    key: IngestionKey,
    accepted: int,
    received: int,
    placeholders: Placeholders,
    remarks: Remarks,
) -> AliasRow:
    """An alias, refused where it would merge strangers or nobody (contract README, "Identity")."""
    alias_id, distinct_id = alias.alias_id or "", alias.distinct_id or ""
    timestamp = _time_sent(alias.timestamp, remarks)
    if timestamp is None:
        timestamp = received
    if alias_id == distinct_id:
        refused = "self"
    elif any(id_ in placeholders or id_ == COOKIELESS for id_ in (alias_id, distinct_id)):
        refused = "placeholder"
    else:
        refused = ""
    project, environment = key.project.id, key.environment
    content = (alias_id, distinct_id, alias.timestamp)
    return AliasRow(
        project,
        environment,
        alias_id,
        distinct_id,
        timestamp,
        received,
        accepted,
        refused,
        once("alias", key, alias, ids_in(alias.properties), content),
    )


def app_version(event: TrackPayload) -> str | None:
    """The ``$app_version`` of an event, wherever it was sent."""
    for raw in (event.properties, event.default_properties):
        version = raw is not ABSENT and text_of(_values(raw).app_version)
        if version:
            return version
    return None


def _time_sent(raw: msgspec.Raw, remarks: Remarks) -> int | None:
    if raw is ABSENT:
        return None
    timestamp = timestamps.parse(raw)
    if timestamp is None and not timestamps.is_null(raw):
        remarks.note(Reason.UNREAD_TIME)
    return timestamp


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
