"""The tables of identity, read and written: ``person_aliases``, ``person_ids``, ``person_moves``.

All statements concern one scope, except those that look for what an interrupted run left."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from whipstitch.core.projects import Scope
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.changes import Changes, Move, Resolution
from whipstitch.identity.forest import Operation
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.sql import IN_SCOPE

_AT_ONCE: Final = 5_000
"""Ids that one statement is given."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The same row again, which replaces the one that says less.
_MARKED: Final = f"""\
INSERT INTO person_aliases
    (project_id, environment, alias_id, distinct_id, refused, undo, timestamp, received, accepted,
    number, inserted, verdict, version, via, client)
SELECT
    project_id, environment, alias_id, distinct_id, refused, undo, timestamp, received, accepted,
    number, inserted, {{verdict:String}}, {{version:UInt64}}, via, client
FROM person_aliases
WHERE {IN_SCOPE} AND NOT undo AND refused = '' AND alias_id IN {{alias_ids:Array(String)}}
    AND (accepted, alias_id, distinct_id) IN
    (
        SELECT arrayJoin(arrayZip(
            {{accepted:Array(UInt64)}}, {{alias_ids:Array(String)}}, {{distinct_ids:Array(String)}}
        )) AS one
    )
LIMIT 1 BY accepted, alias_id, distinct_id"""


def resolutions(client: Client, scope: Scope, ids: Collection[str]) -> dict[str, Resolution]:
    """What is stored of those of these ids that have a parent."""
    sql = (
        "SELECT id, parent, person, since, depth FROM person_ids FINAL "
        f"WHERE {IN_SCOPE} AND id IN {{ids:Array(String)}}"
    )
    return {row[0]: Resolution(*row[1:]) for row in rows_about(client, sql, scope, ids)}


def persons_of(client: Client, scope: Scope, ids: Collection[str]) -> dict[str, str]:
    """The person of those of these ids that have a parent."""
    sql = (
        f"SELECT id, person FROM person_ids FINAL WHERE {IN_SCOPE} AND id IN {{ids:Array(String)}}"
    )
    return {row[0]: row[1] for row in rows_about(client, sql, scope, ids)}


def waiting(client: Client, scope: Scope, ids: Collection[str]) -> set[str]:
    """Those of these ids whose rows are still to be found by ``anon_id``."""
    sql = (
        "SELECT DISTINCT id FROM person_moves "
        f"WHERE {IN_SCOPE} AND stands_in = 'anon_id' AND id IN {{ids:Array(String)}}"
    )
    return {row[0] for row in rows_about(client, sql, scope, ids)}


def moved(client: Client, scope: Scope, most: int) -> list[str]:
    """Ids under which rows stand that are to be rewritten, no more than ``most``."""
    sql = f"SELECT DISTINCT id FROM person_moves WHERE {IN_SCOPE} LIMIT {most:d}"
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
            "received",
            "accepted",
            "number",
            "version",
            "via",
            "client",
        ),
        [
            (
                *scope,
                one.alias_id,
                one.distinct_id,
                one.refused,
                one.undo,
                _EPOCH + timedelta(milliseconds=at),
                _EPOCH + timedelta(milliseconds=received),
                one.accepted,
                one.accepted,
                0,
                via,
                client_,
            )
            for scope, one, at, received, via, client_ in arrivals
        ],
    )


def write(client: Client, scope: Scope, changes: Changes, version: int) -> None:
    """Stores what follows from operations. The moves come first: a row that is moved too early is
    found, one that is not moved is not."""
    add_moves(client, scope, changes.moves, version)
    client.confirm_writes()
    add_ids(client, scope, changes, version)


def add_moves(client: Client, scope: Scope, moves: Sequence[Move], version: int) -> None:
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
        [(*scope, *move, version) for move in moves],
    )


def add_ids(client: Client, scope: Scope, changes: Changes, version: int) -> None:
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
            "depth",
            "version",
            "is_deleted",
        ),
        [
            *((*scope, id_, *found, version, 0) for id_, found in changes.resolved.items()),
            *((*scope, id_, "", "", 0, 0, version, 1) for id_ in changes.dropped),
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


def mark(client: Client, scope: Scope, verdicts: Mapping[Operation, str], version: int) -> None:
    """Notes what became of aliases: why they were refused; blank: they were not."""
    by_verdict: dict[str, list[Operation]] = {}
    for one, verdict in verdicts.items():
        by_verdict.setdefault(verdict, []).append(one)
    for verdict, marked in by_verdict.items():
        for start in range(0, len(marked), _AT_ONCE):
            some = marked[start : start + _AT_ONCE]
            client.command(
                _MARKED,
                {
                    **scope._asdict(),
                    "accepted": [one.accepted for one in some],
                    "alias_ids": [one.alias_id for one in some],
                    "distinct_ids": [one.distinct_id for one in some],
                    "verdict": verdict,
                    "version": version,
                },
            )


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
        minIf(accepted, NOT undo AND verdict = '' AND accepted > last_undo) AS first
    FROM (SELECT * FROM person_aliases FINAL WHERE undo OR refused = '') AS told
    LEFT JOIN
    (
        SELECT project_id, environment, alias_id, max(accepted) AS last_undo
        FROM person_aliases WHERE undo GROUP BY ALL
    ) AS undos USING (project_id, environment, alias_id)
    GROUP BY ALL
) AS said
LEFT JOIN (SELECT project_id, environment, id, since FROM person_ids FINAL) AS stored
    ON stored.project_id = said.project_id AND stored.environment = said.environment
    AND stored.id = said.alias_id
WHERE (first > 0 AND (since = 0 OR first < since)) OR (since > 0 AND since < undone)"""
    return by_scope(client.query(sql).result_rows)


def inserted_since(client: Client, seconds: int) -> dict[Scope, set[Operation]]:
    """Operations that any node inserted in the last seconds and admission did not refuse."""
    sql = (
        "SELECT project_id, environment, (accepted, alias_id, distinct_id, undo, refused) "
        "FROM person_aliases "
        "WHERE inserted >= now64(3) - toIntervalSecond({seconds:UInt32}) AND refused = ''"
    )
    found = by_scope(client.query(sql, {"seconds": seconds}).result_rows)
    return {scope: {Operation(*one) for one in rows} for scope, rows in found.items()}


def by_scope(rows: Iterable[Sequence[Any]]) -> dict[Scope, set[Any]]:
    """Rows of project, environment and something, as those things by scope."""
    found: dict[Scope, set[Any]] = {}
    for project_id, environment, what in rows:
        found.setdefault(Scope(project_id, environment), set()).add(what)
    return found


def rows_about(
    client: Client, sql: str, scope: Scope, ids: Collection[str]
) -> Iterator[Sequence[Any]]:
    """What ``sql`` finds of ``ids``, some at a time."""
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield from client.query(sql, {**scope._asdict(), "ids": some}).result_rows
