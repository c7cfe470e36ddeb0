"""Records as rows of the journal.

An imported event has an id that follows from its own in the file, and as time of receipt the one it
had, or its own time: however often a file is imported, each event is stored once."""

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey
from whipstitch.ingest.compat.translation import Translation
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.history.ecosystems import Format, Unplaceable
from whipstitch.ingest.history.sources import Record
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.alias_rows import alias_row
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.event_rows import NotAnObject, event_row
from whipstitch.ingest.validation.ids import is_garbage
from whipstitch.ingest.validation.payloads import AliasPayload, PeoplePayload, TrackPayload
from whipstitch.ingest.validation.rows import AliasRow, EventRow, Row, TraitRow
from whipstitch.ingest.validation.trait_rows import SET_ONCE, trait_rows

_NO_TIME: Final = timestamps.EARLIEST_MS - 1
_ID_CHARACTERS: Final = 21
_MOST_TRAITS: Final = 100_000
_encode: Final = msgspec.json.Encoder().encode
_track: Final = msgspec.json.Decoder(TrackPayload).decode
_people: Final = msgspec.json.Decoder(PeoplePayload).decode
_alias: Final = msgspec.json.Decoder(AliasPayload).decode


class ImportedEvent(EventRow, tag_field="k", tag="track", gc=False, kw_only=True):
    """``imported``: true, and without a default, which would not be written: the loader looks for
    its id among all that is stored."""

    imported: bool


class Tally:
    """What became of the records: rows by kind, and what could not be placed, by reason."""

    def __init__(self) -> None:
        self.records = 0
        self.events = self.people = self.aliases = 0
        self.left_out: Counter[str] = Counter()
        self.trouble = 0
        """How much was left out."""

    def leave_out(self, why: str, count: int = 1) -> None:
        self.left_out[why] += count
        self.trouble += count


class Rows:
    """Makes rows of one project and environment."""

    def __init__(
        self,
        key: IngestionKey,
        placeholders: Placeholders,
        next_number: Callable[[], int],
        now: int,
        tally: Tally,
    ) -> None:
        """``next_number``: of acceptance; ``now``: unix milliseconds."""
        self._key = key
        self._placeholders = placeholders
        self._next_number = next_number
        self._now = now
        self._tally = tally
        self._remarks = Remarks()
        self._done = Translation()
        scope = f"{key.project.id}/{key.environment}/"
        self._scope = hashlib.blake2b(scope.encode(), digest_size=16)
        self._traits: dict[str, bytes] = {}

    def of(self, format_: Format, record: Record) -> list[Row]:
        """What a record of another product says."""
        done = self._done
        done.clear()
        try:
            place = format_.read(done, record)
        except Unplaceable as error:
            self._tally.leave_out(str(error))
            return []
        for reason, count in done.drops.items():
            self._tally.leave_out(reason.value, count)
        rows: list[Row] = []
        for operation in done.operations:
            payload = operation["payload"]
            if operation["type"] == "track":
                event = self._event(payload, place)
                rows += [event] if event else []
            elif operation["type"] == "people":
                rows += self.people(payload)
            else:
                rows += self.alias(payload)
        return rows

    def people(self, payload: dict[str, Any], number: int | None = None) -> list[TraitRow]:
        """Traits that were said of the same person just before are not said again: many exports
        have them with each event. What is added has a ``number`` that is the same each time, so
        that it is added once."""
        person = payload["distinct_id"]
        if is_garbage(person):
            self._tally.leave_out("garbage_id")
            return []
        said = _encode([payload.get(name) for name in ("properties", "set_once", "add")])
        if self._traits.get(person) == said and not payload.get("add"):
            return []
        if len(self._traits) >= _MOST_TRAITS:
            self._traits.clear()
        self._traits[person] = said
        update = _people(_encode(payload))
        self._tally.people += 1
        rows = trait_rows(update, self._key, self._next_number(), self._now, self._remarks)
        for row in rows:
            if row.operation > SET_ONCE:
                row.operation = row.accepted = number or _number_of(row, said)
        return rows

    def alias(self, payload: dict[str, Any], received: int | None = None) -> list[AliasRow]:
        """``received``: when it was, in unix milliseconds; None: now."""
        if is_garbage(payload["alias_id"]) or is_garbage(payload["distinct_id"]):
            self._tally.leave_out("garbage_id")
            return []
        alias = _alias(_encode(payload))
        row = alias_row(
            alias,
            self._key,
            self._next_number(),
            self._now if received is None else received,
            self._placeholders,
            self._remarks,
            "import",
        )
        self._tally.aliases += 1
        return [row]

    def _event(self, payload: dict[str, Any], place: Place) -> EventRow | None:
        if is_garbage(payload["distinct_id"]):
            self._tally.leave_out("garbage_id")
            return None
        text = _encode(payload)
        event = _track(text)
        message_id = payload.get("message_id")
        id_ = self.id_of(message_id.encode() if message_id else text)
        try:
            row = event_row(event, self._key, Agent(), place, id_, 0, _NO_TIME, self._remarks)
        except NotAnObject:
            self._tally.leave_out("properties are no object")
            return None
        if row.timestamp == _NO_TIME:
            self._tally.leave_out("no time that can be read")
            return None
        row.accepted, row.received = self._next_number(), row.timestamp
        self._tally.events += 1
        return ImportedEvent(*msgspec.structs.astuple(row), imported=True)

    def id_of(self, own: bytes) -> str:
        """The same for the same event of the same project."""
        digest = self._scope.copy()
        digest.update(own)
        return "evt_" + urlsafe_b64encode(digest.digest()).decode()[:_ID_CHARACTERS]


def _number_of(row: TraitRow, said: bytes) -> int:
    """Unix microseconds of its time, with the last three digits by what it says."""
    digits = int.from_bytes(hashlib.blake2b(said, digest_size=4).digest()) % 1000
    return max(SET_ONCE + 1, row.timestamp * 1000 + digits)
