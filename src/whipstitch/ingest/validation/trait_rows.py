"""The rows of an update of a person: one of the person, and one of each trait (contract README,
"People")."""

from decimal import Context, Decimal
from typing import Final

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.core.reasons import Reason
from whipstitch.ingest.validation import timestamps
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.equal_keys import last_of_equal_keys
from whipstitch.ingest.validation.message_ids import (
    ABSENT,
    NO_IDS,
    MessageIds,
    once,
)
from whipstitch.ingest.validation.payloads import PeoplePayload
from whipstitch.ingest.validation.rows import TraitRow
from whipstitch.ingest.validation.timestamps import time_sent

SET_ONCE: Final = 1
"""The operation of a trait that is set where nobody set it."""
_AHEAD_MS: Final = 60_000
"""So far the numbers of acceptance may be ahead of the clock before it counts as set back."""
_DAY_MS: Final = 24 * 60 * 60 * 1000
_LONGEST_NUMBER: Final = 400
_NUMBER_STARTS: Final = frozenset(b"%c" % one for one in b"-0123456789")
_MOST_ADDED: Final = Decimal("1e30")
_LAST_PLACE: Final = Decimal("1e-18")
_DECIMALS: Final = Context(prec=76)
"""As exact as ClickHouse's own sums."""


def trait_rows(
    update: PeoplePayload, key: IngestionKey, accepted: int, received: int, remarks: Remarks
) -> list[TraitRow]:
    """The rows of one update (contract README, "People")."""
    rows = _trait_rows(update, key, accepted, received, remarks)
    if once_ := _once_of(update, key):
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
    timestamp = time_sent(update.timestamp, remarks)
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


def _once_of(update: PeoplePayload, key: IngestionKey) -> str:
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
    return once("people", key, update, sent, update.content())
