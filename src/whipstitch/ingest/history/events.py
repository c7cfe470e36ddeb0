"""Events of a file as rows of the journal.

An imported event has an id that follows from its own in the file, and as time of receipt the one it
had, or its own time: however often a file is imported, each event is stored once."""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import UNKNOWN
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.event_rows import NotAnObject, event_row
from whipstitch.ingest.validation.message_ids import MessageIds, digest
from whipstitch.ingest.validation.payloads import TrackPayload
from whipstitch.ingest.validation.rows import EventRow

_NO_TIME: Final = timestamps.EARLIEST_MS - 1
_ID_CHARACTERS: Final = 21
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_NOTHING: Final[Mapping[str, Any]] = {}
_EMPTY: Final = msgspec.Raw(b"{}")
_IDS: Final = frozenset(MessageIds.__struct_encode_fields__)
_encode: Final = msgspec.json.Encoder().encode
_track: Final = msgspec.json.Decoder(TrackPayload).decode


class ImportedEvent(EventRow, tag_field="k", tag="track", gc=False, kw_only=True):
    """``imported``: true, and without a default, which would not be written: the loader looks for
    its id among all that is stored."""

    imported: bool


class NoEvent(ValueError):
    """What cannot be stored as an event; the text says why."""


class EventRows:
    """Makes events of one project and environment."""

    def __init__(self, key: IngestionKey, next_number: Callable[[], int]) -> None:
        """``next_number``: of acceptance."""
        self._key = key
        self._next_number = next_number
        self._remarks = Remarks()
        scope = f"{key.project.id}/{key.environment}/"
        self._scope = hashlib.blake2b(scope.encode(), digest_size=16)

    def of(self, payload: dict[str, Any], place: Place) -> ImportedEvent:
        """``payload``: of an operation ``track``, with a name, an id and properties. The row is the
        one that ``as_sent`` makes, in a third of the time: nothing is written to be read again.

        Raises:
            NoEvent
        """
        properties = payload["properties"]
        message_id, moment = payload.get("message_id"), payload.get("timestamp")
        timestamp = None if moment is None else timestamps.parse(_encode(moment))
        if timestamp is None or not (message_id or _IDS.isdisjoint(properties)):
            return self.as_sent(payload, place)
        own = message_id.encode() if message_id else _encode(payload)
        defaults = payload.get("default_properties", _NOTHING)
        sent, usual = properties.get, defaults.get
        key = self._key
        return ImportedEvent(
            key.project.id,
            key.environment,
            self.id_of(own),
            payload["event_name"],
            payload["distinct_id"],
            _text(sent("$session_id")),
            timestamp,
            self._next_number(),
            timestamp,
            (_text(usual("$os")) or _text(sent("$os"))).lower(),
            _text(usual("$browser")) or _text(sent("$browser")),
            _text(usual("$device_model")) or _text(sent("$device_model")),
            False,
            place.city,
            place.region,
            place.country,
            place.timezone,
            payload.get("lib_version") or _text(sent("$lib_version")),
            msgspec.Raw(_encode(properties)),
            msgspec.Raw(_encode(defaults)) if defaults else _EMPTY,
            digest("track", key, message_id) if message_id else "",
            imported=True,
        )

    def as_sent(self, payload: dict[str, Any], place: Place) -> ImportedEvent:
        """The row of the event that a client sends with this ``payload``.

        Raises:
            NoEvent
        """
        text = _encode(payload)
        message_id = payload.get("message_id")
        id_ = self.id_of(message_id.encode() if message_id else text)
        event = _track(text)
        try:
            row = event_row(event, self._key, UNKNOWN, place, id_, 0, _NO_TIME, self._remarks)
        except NotAnObject as error:
            raise NoEvent("properties are no object") from error
        if row.timestamp == _NO_TIME:
            raise NoEvent("no time that can be read")
        row.accepted, row.received = self._next_number(), row.timestamp
        return ImportedEvent(*msgspec.structs.astuple(row), imported=True)

    def id_of(self, own: bytes) -> str:
        """The same for the same event of the same project."""
        found = self._scope.copy()
        found.update(own)
        # Half the time of base64.urlsafe_b64encode, of which it is the same.
        text = b2a_base64(found.digest())[:_ID_CHARACTERS].translate(_URL_SAFE)
        return "evt_" + text.decode()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
