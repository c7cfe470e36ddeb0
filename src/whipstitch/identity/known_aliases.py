"""Repeats: clients send the alias that they sent before at every start, so that most of those in a
segment are known. ClickHouse says which, before anything is made of them here: whatever Python
does, the event loop waits for the interpreter meanwhile.

What may say something new is let through: ``identity.arrivals`` decides about the rest."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from whipstitch.core.projects import Scope
from whipstitch.journal.rows import Row
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.literals import literal
from whipstitch.warehouse.sql import IN_SCOPE

_FEW: Final = 200
"""So many are looked at as fast without."""
_AT_ONCE: Final = 5_000
"""Aliases that one statement is given."""
_FIELDS: Final = "accepted UInt64, alias_id String, distinct_id String, refused String"
_SAID: Final = "alias_id IN (SELECT alias_id FROM said)"
# Known is what was said before, if none of its id's aliases was ever undone. Where the id has no
# parent it was refused then as one that closes a loop, and the loop may be gone.
_NEW: Final = f"""\
WITH said AS (SELECT accepted, alias_id, distinct_id, refused FROM {{source}})
SELECT accepted
FROM said
LEFT JOIN
(
    SELECT alias_id, distinct_id, refused, min(accepted) AS first
    FROM person_aliases
    WHERE {IN_SCOPE} AND NOT undo AND {_SAID}
    GROUP BY alias_id, distinct_id, refused
) AS known USING (alias_id, distinct_id, refused)
WHERE NOT (
    first > 0 AND first <= accepted
    AND alias_id NOT IN (SELECT alias_id FROM person_aliases WHERE {IN_SCOPE} AND undo)
    AND (
        refused != ''
        OR alias_id IN (SELECT id FROM person_ids FINAL WHERE {IN_SCOPE} AND id IN
            (SELECT alias_id FROM said))
    )
)"""
_lines = msgspec.json.Encoder()


def left_out(client: Client, scope: Scope, aliases: Sequence[Row]) -> Sequence[Row]:
    """``aliases`` of a scope without repeats of what is stored, as far as they are told easily."""
    if len(aliases) <= _FEW:
        return aliases
    new: set[int] = set()
    for source in _sent(aliases):
        sql = _NEW.replace("{source}", source)
        new.update(row[0] for row in client.query(sql, scope._asdict()).result_rows)
    return [row for row in aliases if row.accepted in new]


def _sent(aliases: Sequence[Row]) -> Iterator[str]:
    for start in range(0, len(aliases), _AT_ONCE):
        lines = _lines.encode_lines(
            [
                (row.accepted, row.alias_id, row.distinct_id, row.refused)
                for row in aliases[start : start + _AT_ONCE]
            ]
        )
        yield f"format(JSONCompactEachRow, {literal(_FIELDS)}, {literal(lines.decode())})"
