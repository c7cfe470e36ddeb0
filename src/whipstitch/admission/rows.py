"""The rows that the journal holds and ClickHouse loads: one JSON object a line.

Their field names are the storage's interface: ``storage`` reads exactly these."""

from typing import Final

import msgspec

from whipstitch.admission import timestamps
from whipstitch.admission.bodies import ABSENT, Alias, People, Track
from whipstitch.admission.ids import Placeholders
from whipstitch.enrichment.places import Place
from whipstitch.enrichment.user_agent import Agent
from whipstitch.projects import IngestionKey

_EMPTY: Final = msgspec.Raw(b"{}")


class EventRow(msgspec.Struct, tag_field="k", tag="track", gc=False):
    """``timestamp`` in unix milliseconds, ``accepted`` in unix microseconds."""

    project_id: str
    environment: str
    id: str
    event_name: str
    distinct_id: str
    session_id: str
    timestamp: int
    accepted: int
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


class TraitRow(msgspec.Struct, tag_field="k", tag="trait", gc=False):
    """One trait of one person; ``value`` is JSON text. The row with no property says only that the
    person exists."""

    project_id: str
    environment: str
    distinct_id: str
    property: str
    value: str
    deleted: bool
    timestamp: int
    accepted: int


class AliasRow(msgspec.Struct, tag_field="k", tag="alias", gc=False):
    """``refused`` is blank, or why the alias changes nothing."""

    project_id: str
    environment: str
    alias_id: str
    distinct_id: str
    timestamp: int
    accepted: int
    refused: str


Row = EventRow | TraitRow | AliasRow
encode_lines = msgspec.json.Encoder().encode_lines


class _Sent(msgspec.Struct, frozen=True):
    """The properties that the engine itself reads. Raw: an odd value under one key, such as 1e999,
    must not hide the others."""

    session_id: msgspec.Raw = msgspec.field(default=ABSENT, name="$session_id")
    timestamp: msgspec.Raw = msgspec.field(default=ABSENT, name="$timestamp")
    time: msgspec.Raw = msgspec.field(default=ABSENT, name="$time")
    app_version: msgspec.Raw = msgspec.field(default=ABSENT, name="$app_version")


class _Defaults(msgspec.Struct, frozen=True):
    """The default properties that stand where the User-Agent says nothing."""

    os: msgspec.Raw = msgspec.field(default=ABSENT, name="$os")
    browser: msgspec.Raw = msgspec.field(default=ABSENT, name="$browser")
    device_model: msgspec.Raw = msgspec.field(default=ABSENT, name="$device_model")
    app_version: msgspec.Raw = msgspec.field(default=ABSENT, name="$app_version")


_sent = msgspec.json.Decoder(_Sent)
_defaults = msgspec.json.Decoder(_Defaults)
_string = msgspec.json.Decoder(str)


def event_row(
    event: Track, key: IngestionKey, agent: Agent, place: Place, id_: str, accepted: int
) -> EventRow:
    """A complete ``event`` with what the server adds (contract README, "Time", "Enrichment")."""
    properties = one_line(event.properties)
    defaults = one_line(event.default_properties)
    sent = _sent.decode(properties)
    fallback = _defaults.decode(defaults)
    timestamp = timestamps.parse_with_number(bytes(event.timestamp))
    if timestamp is None:
        timestamp = timestamps.parse(bytes(sent.timestamp))
    if timestamp is None:
        timestamp = timestamps.parse(bytes(sent.time))
    if timestamp is None:
        timestamp = accepted // 1000
    return EventRow(
        key.project.id,
        key.environment,
        id_,
        event.event_name or "",
        event.distinct_id or "",
        _text(sent.session_id),
        timestamp,
        accepted,
        agent.os or _text(fallback.os).lower(),
        agent.browser or _text(fallback.browser),
        agent.device_model or _text(fallback.device_model),
        agent.bot,
        place.city,
        place.region,
        place.country,
        place.timezone,
        event.lib_version or "",
        properties,
        defaults,
    )


def trait_rows(update: People, key: IngestionKey, accepted: int) -> list[TraitRow]:
    """One row for the person and one a key sent; ``null`` deletes (contract README, "People")."""
    timestamp = timestamps.parse_with_number(bytes(update.timestamp))
    if timestamp is None:
        timestamp = accepted // 1000
    project, environment, distinct_id = key.project.id, key.environment, update.distinct_id or ""
    rows = [TraitRow(project, environment, distinct_id, "", "", True, timestamp, accepted)]
    for name, raw in (update.properties or {}).items():
        value = bytes(raw)
        deleted = value == b"null"
        text = "" if deleted else value.decode()
        rows.append(
            TraitRow(project, environment, distinct_id, name, text, deleted, timestamp, accepted)
        )
    return rows


def alias_row(
    alias: Alias, key: IngestionKey, accepted: int, placeholders: Placeholders
) -> AliasRow:
    """An alias, refused where it would merge strangers or nobody (contract README, "Identity")."""
    alias_id, distinct_id = alias.alias_id or "", alias.distinct_id or ""
    timestamp = timestamps.parse_with_number(bytes(alias.timestamp))
    if timestamp is None:
        timestamp = accepted // 1000
    if alias_id == distinct_id:
        refused = "self"
    elif alias_id in placeholders or distinct_id in placeholders:
        refused = "placeholder"
    else:
        refused = ""
    project, environment = key.project.id, key.environment
    return AliasRow(project, environment, alias_id, distinct_id, timestamp, accepted, refused)


def app_version(event: Track) -> str | None:
    """The ``$app_version`` of an event, wherever it was sent."""
    own = _sent.decode(one_line(event.properties)).app_version
    return (
        _text(own)
        or _text(_defaults.decode(one_line(event.default_properties)).app_version)
        or None
    )


def one_line(raw: msgspec.Raw) -> msgspec.Raw:
    """``raw`` as a single line. Inside JSON strings line breaks are escaped, so a bare one is
    space between tokens; an absent or null value is the empty object."""
    if raw is ABSENT:
        return _EMPTY
    text = bytes(raw)
    if not text or text == b"null":
        return _EMPTY
    if b"\n" in text or b"\r" in text:
        return msgspec.Raw(text.replace(b"\n", b" ").replace(b"\r", b" "))
    return raw


def _text(raw: msgspec.Raw) -> str:
    """The string that ``raw`` holds; blank where it holds anything else."""
    if raw is ABSENT:
        return ""
    text = bytes(raw)
    if text[:1] != b'"':
        return ""
    try:
        return _string.decode(text)
    except msgspec.DecodeError:
        return ""  # a lone surrogate
