"""The tables of identity, read and written: ``person_aliases``, ``person_ids``, ``person_moves``.

All statements concern one scope, except those that look for what an interrupted run left."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.changes import Changes, Resolution
from whipstitch.identity.forest import Operation
from whipstitch.projects import Scope
from whipstitch.storage.inserting import insert

_AT_ONCE: Final = 5_000
"""Ids that one statement is given."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IN_SCOPE: Final = "project_id = {project_id:String} AND environment = {environment:String}"


def operations_of(client: Client, scope: Scope, alias_ids: Collection[str]) -> set[Operation]:
    """Every operation on these ids."""
    return _operations(client, scope, alias_ids, "alias_id IN {ids:Array(String)}")


def component(client: Client, scope: Scope, ids: Collection[str]) -> set[Operation]:
    """Every operation that bears on how these ids resolve: on them, on what they are linked to or
    were, and so on to the end."""
    found: set[Operation] = set()
    seen: set[str] = set()
    wanted = set(ids)
    while wanted:
        seen |= wanted
        found |= _operations(
            client,
            scope,
            wanted,
            "refused = '' AND "
            "(alias_id IN {ids:Array(String)} OR distinct_id IN {ids:Array(String)})",
        )
        named = {id_ for one in found for id_ in (one.alias_id, one.distinct_id)}
        wanted = named - seen - {""}
    return found


def resolutions(client: Client, scope: Scope, ids: Collection[str]) -> dict[str, Resolution]:
    """What is stored of those of these ids that have a parent."""
    sql = (
        "SELECT id, parent, person, since FROM person_ids FINAL "
        f"WHERE {_IN_SCOPE} AND id IN {{ids:Array(String)}}"
    )
    rows = _rows(client, sql, scope, ids)
    return {id_: Resolution(parent, person, since) for id_, parent, person, since in rows}


def persons_of(client: Client, scope: Scope, ids: Collection[str]) -> dict[str, str]:
    """The person of those of these ids that have a parent."""
    sql = (
        f"SELECT id, person FROM person_ids FINAL WHERE {_IN_SCOPE} AND id IN {{ids:Array(String)}}"
    )
    return {row[0]: row[1] for row in _rows(client, sql, scope, ids)}


def waiting(client: Client, scope: Scope, ids: Collection[str]) -> set[str]:
    """Those of these ids whose rows are still to be found by ``anon_id``."""
    sql = (
        "SELECT DISTINCT id FROM person_moves "
        f"WHERE {_IN_SCOPE} AND stands_in = 'anon_id' AND id IN {{ids:Array(String)}}"
    )
    return {row[0] for row in _rows(client, sql, scope, ids)}


def moved(client: Client, scope: Scope, most: int) -> list[str]:
    """Ids under which rows stand that are to be rewritten, no more than ``most``."""
    sql = f"SELECT DISTINCT id FROM person_moves WHERE {_IN_SCOPE} LIMIT {most:d}"
    return [row[0] for row in client.query(sql, scope._asdict()).result_rows]


def add_operations(client: Client, arrivals: Sequence[Arrival]) -> None:
    """Appends to the log of aliases."""
    insert(
        client,
        "person_aliases",
        (
            "project_id",
            "environment",
            "alias_id",
            "distinct_id",
            "refused",
            "undo",
            "timestamp",
            "accepted",
            "number",
            "version",
        ),
        [
            (
                *scope,
                one.alias_id,
                one.distinct_id,
                one.refused,
                one.undo,
                _EPOCH + timedelta(milliseconds=at),
                one.accepted,
                one.accepted,
                0,
            )
            for scope, one, at in arrivals
        ],
    )


def write(client: Client, scope: Scope, changes: Changes, version: int) -> None:
    """Stores what follows from operations. The moves come first: a row that is moved too early is
    found, one that is not moved is not."""
    insert(
        client,
        "person_moves",
        (
            "project_id",
            "environment",
            "stands_in",
            "id",
            "person",
            "version",
        ),
        [(*scope, *move, version) for move in changes.moves],
    )
    insert(
        client,
        "person_ids",
        (
            "project_id",
            "environment",
            "id",
            "parent",
            "person",
            "since",
            "version",
            "is_deleted",
        ),
        [
            *((*scope, id_, *found, version, 0) for id_, found in changes.resolved.items()),
            *((*scope, id_, "", "", 0, version, 1) for id_ in changes.dropped),
        ],
    )


def forget_moves(client: Client, version: int) -> int:
    """Deletes the moves up to a version; returns how many they were."""
    until = {"version": version}
    sql = "SELECT count() FROM person_moves WHERE version <= {version:UInt64}"
    moves = int(client.query(sql, until).result_rows[0][0])
    if moves:
        client.command("DELETE FROM person_moves WHERE version <= {version:UInt64}", until)
    return moves


def unlinked(client: Client) -> dict[Scope, set[str]]:
    """Ids whose operations say something else than what is stored of them, or may: what a process
    that was killed, or lost ClickHouse, had still to link."""
    sql = """\
SELECT project_id, environment, alias_id
FROM
(
    SELECT
        project_id, environment, alias_id,
        maxIf(accepted, undo) AS undone,
        minIf(accepted, NOT undo AND refused = '' AND accepted > last_undo) AS first
    FROM person_aliases
    LEFT JOIN
    (
        SELECT project_id, environment, alias_id, max(accepted) AS last_undo
        FROM person_aliases WHERE undo GROUP BY ALL
    ) AS undos USING (project_id, environment, alias_id)
    WHERE undo OR refused = ''
    GROUP BY ALL
) AS said
LEFT JOIN (SELECT project_id, environment, id, since FROM person_ids FINAL) AS stored
    ON stored.project_id = said.project_id AND stored.environment = said.environment
    AND stored.id = said.alias_id
WHERE (first > 0 AND (since = 0 OR first < since)) OR (since > 0 AND since < undone)"""
    return by_scope(client.query(sql).result_rows)


def inserted_since(client: Client, seconds: int) -> dict[Scope, set[tuple[str, int]]]:
    """Ids with operations that any node inserted in the last seconds, with their acceptance."""
    sql = (
        "SELECT project_id, environment, (alias_id, accepted) FROM person_aliases "
        "WHERE inserted >= now64(3) - toIntervalSecond({seconds:UInt32}) AND refused = ''"
    )
    return by_scope(client.query(sql, {"seconds": seconds}).result_rows)


def by_scope(rows: Iterable[Sequence[Any]]) -> dict[Scope, set[Any]]:
    """Rows of project, environment and something, as those things by scope."""
    found: dict[Scope, set[Any]] = {}
    for project_id, environment, what in rows:
        found.setdefault(Scope(project_id, environment), set()).add(what)
    return found


def _operations(
    client: Client, scope: Scope, ids: Collection[str], condition: str
) -> set[Operation]:
    sql = (
        "SELECT accepted, alias_id, distinct_id, undo, refused FROM person_aliases "
        f"WHERE {_IN_SCOPE} AND {condition}"
    )
    return {Operation(*row) for row in _rows(client, sql, scope, ids)}


def _rows(client: Client, sql: str, scope: Scope, ids: Collection[str]) -> Iterator[Sequence[Any]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield from client.query(sql, {**scope._asdict(), "ids": some}).result_rows
