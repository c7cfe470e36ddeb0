"""Records as rows of the journal."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey
from whipstitch.ingest.compat.translation import Translation
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.history.ecosystems import Format, Unplaceable
from whipstitch.ingest.history.events import EventRows, NoEvent
from whipstitch.ingest.history.sources import Record
from whipstitch.ingest.validation.alias_rows import alias_row
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.ids import is_garbage
from whipstitch.ingest.validation.payloads import AliasPayload, PeoplePayload
from whipstitch.ingest.validation.rows import AliasRow, Row, TraitRow
from whipstitch.ingest.validation.trait_rows import SET_ONCE, trait_rows

_MOST_TRAITS: Final = 100_000
_encode: Final = msgspec.json.Encoder().encode
_people: Final = msgspec.json.Decoder(PeoplePayload).decode
_alias: Final = msgspec.json.Decoder(AliasPayload).decode


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
        self.events = EventRows(key, next_number)
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
                rows += self.event(payload, place)
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

    def event(self, payload: dict[str, Any], place: Place) -> list[Row]:
        if is_garbage(payload["distinct_id"]):
            self._tally.leave_out("garbage_id")
            return []
        try:
            event = self.events.of(payload, place)
        except NoEvent as error:
            self._tally.leave_out(str(error))
            return []
        self._tally.events += 1
        return [event]


def _number_of(row: TraitRow, said: bytes) -> int:
    """Unix microseconds of its time, with the last three digits by what it says."""
    digits = int.from_bytes(hashlib.blake2b(said, digest_size=4).digest()) % 1000
    return max(SET_ONCE + 1, row.timestamp * 1000 + digits)
