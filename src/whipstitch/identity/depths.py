"""How deep ids lie that earlier versions linked, which did not note it: worked out in ClickHouse, a
level of all trees at a time. Else the first alias that meets such a tree would have to read it
whole."""

from typing import Final

from whipstitch.identity.forest import DEEPEST
from whipstitch.warehouse.client import Client

# A row replaces one of the same version: what is linked meanwhile goes before both.
_NEXT_LEVEL: Final = """\
INSERT INTO person_ids
    (project_id, environment, id, parent, person, since, depth, version, is_deleted)
SELECT
    project_id, environment, id, parent, person, since,
    if(parent = person, 1, above.depth + 1), version, 0
FROM (SELECT * FROM person_ids FINAL WHERE depth = 0) AS missing
LEFT JOIN
(
    SELECT project_id, environment, id AS parent, depth
    FROM person_ids FINAL WHERE depth > 0 AND depth < {deepest:UInt16}
) AS above USING (project_id, environment, parent)
WHERE parent = person OR above.depth > 0"""
_LEFT: Final = "SELECT count() FROM person_ids FINAL WHERE depth = 0"


def fill(client: Client) -> None:
    """Notes what is missing. May be repeated after any end. What lies deeper than links are made
    now is left, and read where it matters."""
    left, before = _left(client), -1
    while left and left != before:
        client.command(_NEXT_LEVEL, {"deepest": DEEPEST})
        before, left = left, _left(client)


def _left(client: Client) -> int:
    return int(client.query(_LEFT).result_rows[0][0])
