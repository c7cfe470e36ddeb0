"""The record of erasures: the tables ``erasures`` and ``person_erasures``."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from clickhouse_connect.driver.client import Client

from whipstitch.projects import Scope
from whipstitch.queries.run import IN_SCOPE
from whipstitch.storage.inserting import insert

State = Literal["asked", "running", "done"]
_STEPS: Final[Mapping[State, int]] = {"asked": 0, "running": 1, "done": 2}
_AT_ONCE: Final = 5_000


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


def key_of(id_expression: str) -> str:
    """What stands for an id, in a statement that knows ``project_id`` and ``environment``."""
    return f"hex(sipHash128(project_id, environment, {id_expression}))"


def record(client: Client, scope: Scope, ids: Collection[str], accepted: int) -> Erasure:
    """Notes that these ids are to be erased. From now on nothing of theirs that was accepted up to
    then is stored."""
    erasure = Erasure(
        scope, f"era_{secrets.token_hex(8)}", accepted, datetime.now(UTC), len(set(ids))
    )
    # The keys first: an erasure that is there is there with all of them.
    listed = sorted(ids)
    for start in range(0, len(listed), _AT_ONCE):
        client.command(
            "INSERT INTO person_erasures (project_id, environment, key, accepted, erasure) "
            "SELECT {project_id:String} AS project_id, {environment:String} AS environment, "
            f"{key_of('arrayJoin({ids:Array(String)})')}, {{accepted:UInt64}}, {{erasure:String}}",
            {
                **scope._asdict(),
                "ids": listed[start : start + _AT_ONCE],
                "accepted": accepted,
                "erasure": erasure.id,
            },
        )
    save(client, erasure)
    return erasure


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


def unfinished(client: Client) -> list[Erasure]:
    """What is not done, the earliest first."""
    sql = (
        "SELECT project_id, environment, id, accepted, asked_at, ids, events, state "
        "FROM erasures FINAL WHERE state != 'done' ORDER BY accepted"
    )
    return [Erasure(Scope(row[0], row[1]), *row[2:]) for row in client.query(sql).result_rows]


def keys(client: Client, erasure: Erasure) -> list[str]:
    """What stands for its ids."""
    sql = f"SELECT key FROM person_erasures WHERE {IN_SCOPE} AND erasure = {{erasure:String}}"
    values = {**erasure.scope._asdict(), "erasure": erasure.id}
    return [row[0] for row in client.query(sql, values).result_rows]


def concerns(client: Client, erasure: Erasure, id_: str) -> bool:
    """Whether ``id_`` is one of its ids."""
    sql = (
        "SELECT {project_id:String} AS project_id, {environment:String} AS environment, "
        f"{key_of('{id:String}')}"
    )
    key = client.query(sql, {**erasure.scope._asdict(), "id": id_}).result_rows[0][2]
    return key in keys(client, erasure)


def latest(client: Client) -> dict[Scope, int]:
    """The last erasure of each scope that has one, as its acceptance."""
    sql = "SELECT project_id, environment, max(accepted) FROM person_erasures GROUP BY ALL"
    return {Scope(row[0], row[1]): row[2] for row in client.query(sql).result_rows}


def erased(client: Client, scope: Scope, ids: Collection[str]) -> dict[str, int]:
    """Those of these ids that were erased, and up to which acceptance."""
    sql = (
        "SELECT id, accepted FROM (SELECT {project_id:String} AS project_id, "
        "{environment:String} AS environment, arrayJoin({ids:Array(String)}) AS id, "
        f"{key_of('id')} AS key) AS named INNER JOIN (SELECT key, max(accepted) AS accepted "
        f"FROM person_erasures WHERE {IN_SCOPE} GROUP BY key) AS gone USING (key)"
    )
    found: dict[str, int] = {}
    listed = sorted(ids)
    for start in range(0, len(listed), _AT_ONCE):
        some = {**scope._asdict(), "ids": listed[start : start + _AT_ONCE]}
        found.update((row[0], row[1]) for row in client.query(sql, some).result_rows)
    return found
