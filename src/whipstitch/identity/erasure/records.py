"""The record of erasures: the tables ``erasures`` and ``erased_ids``."""

import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

import structlog

from whipstitch.core.projects import Scope
from whipstitch.identity.seal import Seal, hash_of
from whipstitch.warehouse.client import Client, DatabaseError
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.sql import IN_SCOPE

log = structlog.get_logger(__name__)

IN_REGISTRY: Final = "erasures"
"""The name of the secret there."""
State = Literal["asked", "running", "done"]
_STEPS: Final[Mapping[State, int]] = {"asked": 0, "running": 1, "done": 2}
_AT_ONCE: Final = 5_000
_UNSEALED: Final = "person_erasures"
"""What earlier versions kept: hashes that anybody can make."""
_LOST: Final = "SELECT count() FROM erased_ids WHERE sealed_by != {sealed_by:String}"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Everything of some ids that was accepted up to ``accepted`` goes. ``asked``: it is recorded;
    ``running``: no read shows it; ``done``: the disk has none of it."""

    scope: Scope
    id: str
    accepted: int
    asked_at: datetime
    ids: int
    events: int = 0
    state: State = "asked"

    def now(self, state: State, events: int | None = None) -> "Erasure":
        return replace(self, state=state, events=self.events if events is None else events)


class ErasureRecord:
    """Who was erased can be told of an id that somebody names, not read from it, and only with the
    secret of ``seal``. ``lost``: of so many ids it cannot, for another secret sealed them."""

    def __init__(self, seal: Seal) -> None:
        self.lost = 0
        self._seal = seal
        self._changing = threading.Lock()
        self._additions = 0
        self._latest: Mapping[Scope, int] | None = None

    def bring_up(self, client: Client) -> None:
        """Seals what an earlier version kept, and looks whether the secret is the one that was
        used. May be repeated, and done by several nodes at once."""
        if _is_there(client, _UNSEALED):
            try:
                client.command(
                    "INSERT INTO erased_ids "
                    "(project_id, environment, key, sealed_by, accepted, erasure) "
                    f"SELECT project_id, environment, {Seal.of('key')}, {{sealed_by:String}}, "
                    f"accepted, erasure FROM {_UNSEALED}",
                    self._sealing(),
                )
            except DatabaseError:
                if _is_there(client, _UNSEALED):
                    raise
            for node in list(client.all_nodes()):
                node.command(f"DROP TABLE IF EXISTS {_UNSEALED} SYNC")
        self.lost = lost(client, self._seal)
        if self.lost:
            log.error("erasure_secret_lost", ids=self.lost)

    def add(self, client: Client, scope: Scope, ids: Collection[str], accepted: int) -> Erasure:
        """Notes that these ids are to be erased. From now on nothing of theirs that was accepted up
        to then is stored."""
        erasure = Erasure(
            scope, f"era_{secrets.token_hex(8)}", accepted, datetime.now(UTC), len(set(ids))
        )
        try:
            self._add_keys(client, erasure, ids)
        finally:
            with self._changing:
                self._additions += 1
                self._latest = None
        save(client, erasure)
        return erasure

    def latest(self, client: Client, *, alone: bool) -> Mapping[Scope, int]:
        """The last erasure of each scope that has one, as its acceptance. ``alone``: no other node
        adds any, so what was read holds until this one does."""
        if alone and (known := self._latest) is not None:
            return known
        additions = self._additions
        sql = "SELECT project_id, environment, max(accepted) FROM erased_ids GROUP BY ALL"
        found = {Scope(row[0], row[1]): row[2] for row in client.query(sql).result_rows}
        with self._changing:
            if additions == self._additions:
                self._latest = found
        return found

    def unfinished(self, client: Client) -> list[Erasure]:
        """What is not done, the earliest first. Of those that are only recorded, the ones whose ids
        can be told."""
        sql = (
            "SELECT project_id, environment, id, accepted, asked_at, ids, events, state "
            "FROM erasures FINAL WHERE state = 'running' OR (state = 'asked' AND id NOT IN "
            "(SELECT erasure FROM erased_ids WHERE sealed_by != {sealed_by:String})) "
            "ORDER BY accepted"
        )
        rows = client.query(sql, self._sealing()).result_rows
        return [Erasure(Scope(row[0], row[1]), *row[2:]) for row in rows]

    def ids_among(self, client: Client, erasure: Erasure, table: str, column: str) -> set[str]:
        """Those of the ids in a column of a table that are the erasure's."""
        sql = (
            f"SELECT id FROM (SELECT DISTINCT project_id, environment, {column} AS id FROM {table} "
            f"WHERE {IN_SCOPE}) WHERE {Seal.of(hash_of('id'))} IN "
            f"(SELECT key FROM erased_ids WHERE {IN_SCOPE} AND erasure = {{erasure:String}})"
        )
        values = {**self._sealing(erasure.scope), "erasure": erasure.id}
        return {row[0] for row in client.query(sql, values).result_rows}

    def concerns(self, client: Client, erasure: Erasure, id_: str) -> bool:
        """Whether ``id_`` is one of its ids."""
        return id_ in self._erased(client, erasure.scope, [id_], erasure.id)

    def erased(self, client: Client, scope: Scope, ids: Collection[str]) -> dict[str, int]:
        """Those of these ids that were erased, and up to which acceptance."""
        return self._erased(client, scope, ids)

    def _add_keys(self, client: Client, erasure: Erasure, ids: Collection[str]) -> None:
        """Before the erasure: one that is there is there with all of them."""
        listed = sorted(ids)
        for start in range(0, len(listed), _AT_ONCE):
            client.command(
                "INSERT INTO erased_ids "
                "(project_id, environment, key, sealed_by, accepted, erasure) "
                "SELECT {project_id:String} AS project_id, {environment:String} AS environment, "
                f"{Seal.of(hash_of('arrayJoin({ids:Array(String)})'))}, {{sealed_by:String}}, "
                "{accepted:UInt64}, {erasure:String}",
                {
                    **self._sealing(erasure.scope),
                    "ids": listed[start : start + _AT_ONCE],
                    "accepted": erasure.accepted,
                    "erasure": erasure.id,
                },
            )

    def _erased(
        self, client: Client, scope: Scope, ids: Collection[str], erasure: str = ""
    ) -> dict[str, int]:
        sql = (
            "SELECT id, accepted FROM (SELECT {project_id:String} AS project_id, "
            "{environment:String} AS environment, arrayJoin({ids:Array(String)}) AS id, "
            f"{Seal.of(hash_of('id'))} AS key) AS named "
            "INNER JOIN (SELECT key, max(accepted) AS accepted FROM erased_ids "
            f"WHERE {IN_SCOPE} AND {{erasure:String}} IN ('', erasure) GROUP BY key) AS gone "
            "USING (key)"
        )
        found: dict[str, int] = {}
        listed = sorted(ids)
        values = {**self._sealing(scope), "erasure": erasure}
        for start in range(0, len(listed), _AT_ONCE):
            some = {**values, "ids": listed[start : start + _AT_ONCE]}
            found.update((row[0], row[1]) for row in client.query(sql, some).result_rows)
        return found

    def _sealing(self, scope: Scope | None = None) -> dict[str, object]:
        in_scope = scope._asdict() if scope else {}
        return {**in_scope, **self._seal.values, "sealed_by": self._seal.name}


def save(client: Client, erasure: Erasure) -> None:
    """Stores what became of it."""
    row = {
        **erasure.scope._asdict(),
        "id": erasure.id,
        "accepted": erasure.accepted,
        "ids": erasure.ids,
        "events": erasure.events,
        "state": erasure.state,
        "step": _STEPS[erasure.state],
        "asked_at": erasure.asked_at,
    }
    insert(client, "erasures", list(row), [list(row.values())])


def lost(client: Client, seal: Seal) -> int:
    """Of how many ids that were erased this seal cannot tell it."""
    if not _is_there(client, "erased_ids"):
        return 0
    return int(client.query(_LOST, {"sealed_by": seal.name}).result_rows[0][0])


def said_lost(ids: int) -> str:
    """What that means, for a person."""
    return (
        f"The secret with which {ids} erased ids were noted is not in this registry: what was sent "
        "before those erasures and is not stored yet would be stored, and erasures that had just "
        "begun do not go on. Restore the registry's backup."
    )


def _is_there(client: Client, table: str) -> bool:
    return bool(client.query(f"EXISTS TABLE {table}").result_rows[0][0])
