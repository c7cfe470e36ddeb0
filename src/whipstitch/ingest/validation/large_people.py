"""An update of a person of any size, which is never held as objects as a whole."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Final

import msgspec

from whipstitch.ingest.validation.message_ids import (
    ABSENT,
    Content,
    MessageIds,
    content_of_people,
)
from whipstitch.ingest.validation.payloads import PeoplePayload, is_object_or_null
from whipstitch.ingest.validation.rows import TraitRow, encode_lines
from whipstitch.ingest.validation.runs import pairs

_PIECE: Final = 1024 * 1024
_NO_VALUE: Final = b'"value":""'
_Utf8Decoder: Final = getincrementaldecoder("utf-8")
_json: Final = msgspec.json.Encoder()


class LargePeople(MessageIds, frozen=True):
    """A ``PeoplePayload`` whose properties are not taken apart."""

    distinct_id: str | None = None
    properties: msgspec.Raw = ABSENT
    set_once: dict[str, msgspec.Raw] | None = None
    add: dict[str, msgspec.Raw] | None = None
    timestamp: msgspec.Raw = ABSENT

    @property
    def complete(self) -> bool:
        return self.distinct_id is not None and is_object_or_null(self.properties)

    def parts(self) -> Iterator[tuple[PeoplePayload, memoryview | None]]:
        """Updates that are this one together, at least one. Beside one with a value of any size is
        that value; the update has a blank text in its place."""
        empty = True
        for properties, value in self._pairs():
            empty = False
            yield PeoplePayload(self.distinct_id, properties, timestamp=self.timestamp), value
        if empty or self.set_once or self.add:
            rest = self.set_once, self.add, self.timestamp
            yield PeoplePayload(self.distinct_id, None, *rest), None

    def content(self) -> Content:
        """As ``content_of_people`` gives it of the update when it comes in a small body."""
        properties = (
            (name, raw if value is None else value)
            for some, value in self._pairs()
            for name, raw in some.items()
        )
        rest = ((named or {}).items() for named in (self.set_once, self.add))
        return content_of_people(self.distinct_id or "", self.timestamp, properties, *rest)

    def _pairs(self) -> Iterator[tuple[dict[str, msgspec.Raw], memoryview | None]]:
        text = memoryview(self.properties)
        return pairs(text) if bytes(text[:1]) == b"{" else iter(())


def lines_of_trait(row: TraitRow, value: memoryview) -> Iterator[bytes]:
    """The line of a row whose ``value`` has any size, and is not in it."""
    head, _, tail = encode_lines((row,)).rpartition(_NO_VALUE)
    decoder = _Utf8Decoder()
    yield from (head, b'"value":"')
    for at in range(0, len(value), _PIECE):
        yield _json.encode(decoder.decode(value[at : at + _PIECE]))[1:-1]
    yield from (b'"', tail)
