"""What clients may send, as types: decoding checks the shapes (contract README, "Order of checks").

``properties`` and ``timestamp`` stay raw bytes: what the client sent is stored as it was sent."""

from typing import Final, Literal

import msgspec

from whipstitch.ingest.validation.message_ids import (
    ABSENT,
    Content,
    MessageIds,
    content_of_people,
)

Kind = Literal["track", "people", "alias"]
_OBJECT_STARTS = frozenset((b"{", b"n"))
"""How a raw value begins that is an object or null."""
_LONG: Final = 4096
"""Bytes. Longer values are not copied to be looked at, shorter ones are: that is quicker."""


class TrackPayload(MessageIds, frozen=True, gc=False):
    """One event (track page, "Request body")."""

    event_name: str | None = None
    distinct_id: str | None = None
    properties: msgspec.Raw = ABSENT
    default_properties: msgspec.Raw = ABSENT
    timestamp: msgspec.Raw = ABSENT
    lib_version: str | None = None

    @property
    def complete(self) -> bool:
        """Whether a batch may hold it. An empty name or id is dropped there, not an error."""
        return self.event_name is not None and self.distinct_id is not None and self.well_formed

    @property
    def well_formed(self) -> bool:
        return is_object_or_null(self.properties) and is_object_or_null(self.default_properties)

    def content(self) -> Content:
        """All that it says, as it was sent."""
        return (
            self.event_name or "",
            self.distinct_id or "",
            self.properties,
            self.default_properties,
            self.timestamp,
            self.lib_version or "",
        )


class PeoplePayload(MessageIds, frozen=True, gc=True):
    """A partial update of one person's traits (contract README, "People"): what is set or deleted,
    what is set where nobody did before, and numbers to be added."""

    distinct_id: str | None = None
    properties: dict[str, msgspec.Raw] | None = None
    set_once: dict[str, msgspec.Raw] | None = None
    add: dict[str, msgspec.Raw] | None = None
    timestamp: msgspec.Raw = ABSENT

    @property
    def complete(self) -> bool:
        return self.distinct_id is not None

    def content(self) -> Content:
        """All that it says, as it was sent."""
        said = (named or {} for named in (self.properties, self.set_once, self.add))
        return content_of_people(
            self.distinct_id or "", self.timestamp, *(named.items() for named in said)
        )


class AliasPayload(MessageIds, frozen=True, gc=False):
    """All that was ever seen as ``alias_id`` is ``distinct_id`` (alias page)."""

    alias_id: str | None = None
    distinct_id: str | None = None
    timestamp: msgspec.Raw = ABSENT
    properties: msgspec.Raw = ABSENT
    """Of these only a message id is read."""

    @property
    def complete(self) -> bool:
        return self.alias_id is not None and self.distinct_id is not None

    def content(self) -> Content:
        """All that it says, as it was sent."""
        return (self.alias_id or "", self.distinct_id or "", self.timestamp)


class TrackOperation(msgspec.Struct, frozen=True, tag_field="type", tag="track"):
    payload: TrackPayload


class PeopleOperation(msgspec.Struct, frozen=True, tag_field="type", tag="people"):
    payload: PeoplePayload


class AliasOperation(msgspec.Struct, frozen=True, tag_field="type", tag="alias"):
    payload: AliasPayload


Operation = TrackOperation | PeopleOperation | AliasOperation


def is_object_or_null(raw: msgspec.Raw) -> bool:
    """Whether ``raw``, which is JSON, is one of these, or was not sent."""
    if raw is ABSENT:
        return True
    start = bytes(raw)[:1] if len(raw) < _LONG else bytes(memoryview(raw)[:1])
    return start in _OBJECT_STARTS
