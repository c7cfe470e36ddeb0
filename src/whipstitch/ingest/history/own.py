"""Our own export: events, traits and aliases as ``GET /api/v1/export`` writes them, one a line."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.ingest.history.events import ImportedEvent
from whipstitch.ingest.history.lines import Rows, Tally
from whipstitch.ingest.history.sources import Record
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.message_ids import ABSENT
from whipstitch.ingest.validation.rows import Row


class _Texts(msgspec.Struct, frozen=True):
    """What a client sent stays as it was sent: ``1e3`` is not ``1000.0``."""

    properties: msgspec.Raw = ABSENT
    default_properties: msgspec.Raw = ABSENT
    value: msgspec.Raw = ABSENT
    set_once: msgspec.Raw = ABSENT
    add: msgspec.Raw = ABSENT


_MOST_ALIASES: Final = 1_000_000
_NO_TEXT: Final = _Texts()
_EMPTY: Final = msgspec.Raw(b"{}")
_texts: Final = msgspec.json.Decoder(_Texts).decode
_encode: Final = msgspec.json.Encoder().encode


class OwnRows:
    """Makes rows of an export. An event came in under its ``anon_id`` where it has one; that this
    is ``distinct_id`` the alias says. ``says_aliases``: the events do so, for there is no file of
    aliases."""

    def __init__(
        self,
        key: IngestionKey,
        rows: Rows,
        next_number: Callable[[], int],
        tally: Tally,
        *,
        says_aliases: bool,
    ) -> None:
        self._key = key
        self._rows = rows
        self._next_number = next_number
        self._tally = tally
        self._says_aliases = says_aliases
        self._aliases: set[tuple[str, str]] = set()

    def of(self, record: Record, text: bytes) -> list[Row]:
        """``text``: the JSON of the record, where that is what it was read of."""
        if "event_name" in record:
            return self._event(record, text)
        if "alias_id" in record:
            alias = _named(record, "alias_id", "distinct_id", "timestamp")
            return [*self._rows.alias(alias, _time(record.get("created_at")))]
        if "property" in record:
            kind = next((one for one in ("set_once", "add") if one in record), "properties")
            field = "value" if kind == "properties" else kind
            raw = getattr(_as_sent(text), field)
            traits = {record["property"]: record.get(field) if raw is ABSENT else raw}
            payload = {**_named(record, "distinct_id", "timestamp"), kind: traits}
            return [*self._rows.people(payload, record.get("accepted"))]
        if "distinct_id" in record and isinstance(record.get("properties"), dict):
            return [*self._rows.people(_named(record, "distinct_id", "properties", "timestamp"))]
        self._tally.leave_out("neither an event nor a trait nor an alias")
        return []

    def _event(self, record: Record, text: bytes) -> list[Row]:
        timestamp = _time(record.get("timestamp"))
        received = _time(record.get("received_at"))
        person, sent = str(record.get("distinct_id") or ""), str(record.get("anon_id") or "")
        if timestamp is None or not person or not record["event_name"]:
            self._tally.leave_out("no name, no person or no time that can be read")
            return []
        rows: list[Row] = []
        if sent and self._says_aliases and (sent, person) not in self._aliases:
            if len(self._aliases) >= _MOST_ALIASES:
                self._aliases.clear()  # a repeat changes nothing
            self._aliases.add((sent, person))
            rows += self._rows.alias({"alias_id": sent, "distinct_id": person})
        sent_as = _as_sent(text)
        own = record.get("id")
        event = ImportedEvent(
            imported=True,
            project_id=self._key.project.id,
            environment=self._key.environment,
            id=own if isinstance(own, str) and own else self._rows.events.id_of(_encode(record)),
            event_name=str(record["event_name"]),
            distinct_id=sent or person,
            timestamp=timestamp,
            accepted=self._next_number(),
            received=timestamp if received is None else received,
            bot=record.get("bot") is True,
            properties=_object(record.get("properties"), sent_as.properties),
            default_properties=_object(
                record.get("default_properties"), sent_as.default_properties
            ),
            session_id=_text(record.get("session_id")),
            os=_text(record.get("os")),
            browser=_text(record.get("browser")),
            device_model=_text(record.get("device_model")),
            city=_text(record.get("city")),
            region=_text(record.get("region")),
            country=_text(record.get("country")),
            timezone=_text(record.get("timezone")),
            lib_version=_text(record.get("lib_version")),
        )
        self._tally.events += 1
        return [*rows, event]


def _as_sent(text: bytes) -> _Texts:
    with suppress(msgspec.DecodeError):  # half an emoji: what was read of it stands
        return _texts(text) if text else _NO_TEXT
    return _NO_TEXT


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object, text: msgspec.Raw) -> msgspec.Raw:
    if not isinstance(value, dict):
        return _EMPTY
    return text if text is not ABSENT else msgspec.Raw(_encode(value))


def _time(value: object) -> int | None:
    return None if value is None else timestamps.parse(_encode(value))


def _named(record: Record, *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names if record.get(name) is not None}
