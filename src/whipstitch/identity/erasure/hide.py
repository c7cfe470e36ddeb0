"""The first step of an erasure: no read shows anything of the person any more.

A statement that deletes from a small table stays on the disk for a while (until ``purge`` ends), so
it names ids by their hashes. Deleting from events leaves only marks of rows."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from whipstitch.core.projects import Scope
from whipstitch.identity import resolving, trees
from whipstitch.identity.changes import Changes
from whipstitch.identity.erasure.records import Erasure, ErasureRecord
from whipstitch.identity.erasure.scope import ids_of
from whipstitch.identity.person_map import SENT
from whipstitch.identity.seal import hash_of
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches, session_steps
from whipstitch.warehouse.maintenance.retention import take_summaries_away
from whipstitch.warehouse.sql import IN_SCOPE

_THEIRS: Final = f"{IN_SCOPE} AND {SENT} IN {{ids:Array(String)}}"
_UP_TO: Final = "accepted <= {accepted:UInt64}"
_AT_ONCE: Final = 1_000
_UNDONE: Final = (
    "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done "
    "AND position(command, 'DELETE') > 0"
)
_PATIENCE: Final = 20.0
_LOOK_SECONDS: Final = 0.05
_NAMES: Final = (
    ("events", SENT),
    ("events", "distinct_id"),
    ("person_traits", "distinct_id"),
    ("traits_by_property", "distinct_id"),
    ("person_aliases", "alias_id"),
    ("person_aliases", "distinct_id"),
    ("person_ids", "id"),
    ("person_moves", "id"),
    ("cohort_members", "id"),
    ("session_pieces", "sent_id"),
)
"""Where ids of people stand."""


def ids_at(client: Client, scope: Scope, id_: str, accepted: int) -> frozenset[str]:
    """All ids of the person whom ``id_`` named then. Empty: nothing is known of any of them."""
    ids = ids_of(trees.component(client, scope, [id_]).told, id_, accepted)
    if len(ids) > 1:
        return ids
    values = {**scope._asdict(), "ids": [id_], "accepted": accepted}
    for table, column in _NAMES:
        up_to = "" if column == "id" else f" AND {_UP_TO}"
        sql = (
            f"SELECT 1 FROM {table} WHERE {IN_SCOPE} AND {column} IN {{ids:Array(String)}}{up_to} "
            "LIMIT 1"
        )
        if client.query(sql, values).result_rows:
            return ids
    return frozenset()


def ids_left(client: Client, record: ErasureRecord, erasure: Erasure) -> frozenset[str]:
    """Those of the erasure's ids that still stand somewhere."""
    found: set[str] = set()
    for table, column in _NAMES:
        found |= record.ids_among(client, erasure, table, column)
    return frozenset(found)


def forget(
    client: Client,
    scope: Scope,
    ids: Collection[str],
    accepted: int,
    next_number: Callable[[], int],
) -> int:
    """Deletes all that was accepted up to then of these ids, who are a whole person; returns how
    many events. What came later stays, as another person's. It may be repeated after any end."""
    take_summaries_away(client)
    events = 0
    for some in _some(sorted(ids)):
        events += _forget_events(client, scope, some, accepted)
        session_steps.forget(client, scope, some, accepted)
    hashes = _hashes(client, scope, ids)
    either = f"({_has('alias_id')} OR {_has('distinct_id')})"
    _delete(client, scope, "person_aliases", f"{either} AND {_UP_TO}", hashes, accepted)
    for traits in ("person_traits", "traits_by_property"):
        _delete(client, scope, traits, f"{_has('distinct_id')} AND {_UP_TO}", hashes, accepted)
    _leave_cohorts(client, scope, hashes)
    alive = _relink(client, scope, ids, next_number)
    unlinked = f"{_has('id')} AND since <= {{accepted:UInt64}}"
    _delete(client, scope, "person_ids", unlinked, hashes, accepted)
    settled = _hashes(client, scope, set(ids) - alive)
    _delete(client, scope, "person_moves", _has("id"), settled, accepted)
    return events


def leave_cohorts(client: Client, record: ErasureRecord, erasure: Erasure) -> None:
    """Deletes the erasure's ids from all cohorts, whenever they came there."""
    ids = record.ids_among(client, erasure, "cohort_members", "id")
    _leave_cohorts(client, erasure.scope, _hashes(client, erasure.scope, ids))


def await_hosts(client: Client) -> None:
    """Until every host of a cluster that answers shows what ``forget`` left."""
    until = time.monotonic() + _PATIENCE
    for node in client.live_nodes() if client.peers else ():
        while node.query(_UNDONE).result_rows[0][0] and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
    tables = {client.events if table == "events" else table for table, _ in _NAMES}
    client.await_replicas(*sorted(tables))


def _leave_cohorts(client: Client, scope: Scope, hashes: Sequence[str]) -> None:
    _delete(client, scope, "cohort_members", _has("id"), hashes, 0)


def _forget_events(client: Client, scope: Scope, ids: list[str], accepted: int) -> int:
    values = {**scope._asdict(), "ids": ids, "accepted": accepted}
    theirs = f"{_THEIRS} AND {_UP_TO}"
    rows = client.query(f"SELECT count() FROM events WHERE {theirs}", values).result_rows
    if rows[0][0]:
        apply_patches.update(
            client,
            f"DELETE FROM {client.events} WHERE {theirs} {apply_patches.AS_PATCH}",
            values,
        )
    return int(rows[0][0])


def _relink(
    client: Client, scope: Scope, ids: Collection[str], next_number: Callable[[], int]
) -> set[str]:
    """Resolves what was said later and is left. Returns those of the ids that have events again,
    which may stand under somebody that they are no longer."""
    gone = set(ids)
    alive: set[str] = set()
    for some in _some(sorted(gone)):
        sql = f"SELECT DISTINCT {SENT} FROM events WHERE {_THEIRS}"
        rows = client.query(sql, {**scope._asdict(), "ids": some}).result_rows
        alive.update(row[0] for row in rows)

    def left(found: Changes) -> Changes:
        moves = [move for move in found.moves if move.id not in gone or move.id in alive]
        return Changes(found.resolved, found.dropped - gone, moves)

    near = trees.component(client, scope, gone)
    resolving.replayed(client, scope, near, next_number(), left)
    return alive


def _delete(
    client: Client, scope: Scope, table: str, condition: str, hashes: Sequence[str], accepted: int
) -> None:
    for some in _some(hashes):
        values = {**scope._asdict(), "hashes": some, "accepted": accepted}
        sql = f"SELECT 1 FROM {table} WHERE {IN_SCOPE} AND {condition} LIMIT 1"
        if client.query(sql, values).result_rows:
            client.command(f"DELETE FROM {table} WHERE {IN_SCOPE} AND {condition}", values)


def _has(column: str) -> str:
    return f"{hash_of(column)} IN {{hashes:Array(String)}}"


def _hashes(client: Client, scope: Scope, ids: Collection[str]) -> list[str]:
    sql = (
        "SELECT {project_id:String} AS project_id, {environment:String} AS environment, "
        f"{hash_of('arrayJoin({ids:Array(String)})')}"
    )
    found: list[str] = []
    for some in _some(sorted(ids)):
        rows = client.query(sql, {**scope._asdict(), "ids": some}).result_rows
        found += [row[2] for row in rows]
    return found


def _some(things: Sequence[str]) -> list[list[str]]:
    return [list(things[at : at + _AT_ONCE]) for at in range(0, len(things), _AT_ONCE)]
