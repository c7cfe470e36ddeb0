"""How far sessions are summed up: ``session_pieces`` has the events of all steps up to the one in
force, and may have pieces of steps that are not in force, which nobody reads."""

from collections.abc import Collection
from typing import Final, NamedTuple

from whipstitch.core.projects import Scope
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.sql import IN_SCOPE

_COLUMNS: Final = ("number", "begun", "until", "made_by")
IN_FORCE: Final = f"{', '.join(_COLUMNS)} FROM session_steps ORDER BY number DESC LIMIT 1"
"""A ``SessionStep``, to be selected."""
_OTHERS: Final = "accepted > {until:UInt64}"


class SessionStep(NamedTuple):
    """There are pieces of all events accepted up to ``until``. ``begun``: the first number since
    pieces of some were taken back; ``made_by``: which statement made them."""

    number: int = 0
    begun: int = 0
    until: int = 0
    made_by: str = ""


def in_force(client: Client) -> SessionStep:
    """The last one; its number is 0 where there is none."""
    for row in client.query(f"SELECT {IN_FORCE}").result_rows:
        return SessionStep(*row)
    return SessionStep()


def put_in_force(client: Client, step: SessionStep) -> None:
    """From now on reads go by this one."""
    insert(client, "session_steps", _COLUMNS, [step])


def take_back(client: Client, before: int = 0) -> None:
    """Pieces of events accepted after ``before`` do not count any more, and are made anew. May be
    repeated after any end."""
    client.await_replicas("session_steps", "session_pieces")
    there = in_force(client)
    if there.until <= before:
        return
    found = client.query(
        "SELECT max(accepted) FROM session_pieces WHERE accepted <= {before:UInt64}",
        {"before": before},
    )
    until = int(found.result_rows[0][0])
    client.command("TRUNCATE TABLE session_steps")
    if until:
        number = there.number + 1
        put_in_force(client, SessionStep(number, number, until, there.made_by))


def clear(client: Client) -> None:
    """Deletes pieces that do not count, of which a step would make others."""
    until = in_force(client).until
    sql = f"SELECT 1 FROM session_pieces WHERE {_OTHERS} LIMIT 1"
    if not client.query(sql, {"until": until}).result_rows:
        return
    if until:
        apply_patches.delete(client, "session_pieces", _OTHERS, {"until": until})
    else:
        client.command("TRUNCATE TABLE session_pieces")


def forget(client: Client, scope: Scope, ids: Collection[str], accepted: int) -> None:
    """Deletes what these ids did up to that acceptance."""
    take_back(client, accepted)
    theirs = f"{IN_SCOPE} AND sent_id IN {{ids:Array(String)}}"
    values = {**scope._asdict(), "ids": list(ids)}
    if client.query(f"SELECT 1 FROM session_pieces WHERE {theirs} LIMIT 1", values).result_rows:
        apply_patches.delete(client, "session_pieces", theirs, values)
