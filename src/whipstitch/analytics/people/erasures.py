"""What was asked to be erased, and how far it is."""

from typing import Final, Literal

import msgspec

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_COLUMNS: Final = (
    "id, if(state = 'asked', 'running', state), ids, events, "
    "toUnixTimestamp64Milli(asked_at), toUnixTimestamp64Milli(changed_at)"
)


class ErasureStatus(msgspec.Struct, omit_defaults=True):
    """``running``: no read shows anything of the person; ``done``: nothing of them is left on the
    disk. ``ids`` and ``events`` say how many went; ``waits_for``, of one that is asked about alone
    and runs, what it waits for."""

    id: str
    state: Literal["running", "done"]
    ids: int
    events: int
    asked_at: str
    changed_at: str
    waits_for: list[str] = []


class ErasurePage(msgspec.Struct, kw_only=True):
    """The answer to a list."""

    ok: Literal[True] = True
    erasures: list[ErasureStatus]


class ErasureAnswer(msgspec.Struct, kw_only=True):
    """The answer about one."""

    ok: Literal[True] = True
    erasure: ErasureStatus


async def newest(reading: QuerySession, limit: int) -> ErasurePage:
    """The last of them first."""
    sql = (
        f"SELECT {_COLUMNS} FROM erasures FINAL WHERE {IN_SCOPE} "
        "ORDER BY accepted DESC LIMIT {limit:UInt32}"
    )
    rows = await reading.run(Sql(sql, {"limit": limit}))
    return ErasurePage(erasures=[_shape(*row) for row in rows])


async def one(reading: QuerySession, erasure_id: str) -> tuple[ErasureStatus, int] | None:
    """The one with this id, and the acceptance up to which it erases."""
    sql = f"SELECT {_COLUMNS}, accepted FROM erasures FINAL WHERE {IN_SCOPE} AND id = {{id:String}}"
    rows = await reading.run(Sql(sql, {"id": erasure_id}))
    return (_shape(*rows[0][:-1]), int(rows[0][-1])) if rows else None


def _shape(
    erasure_id: str,
    state: Literal["running", "done"],
    ids: int,
    events: int,
    asked_at: int,
    changed_at: int,
) -> ErasureStatus:
    return ErasureStatus(erasure_id, state, ids, events, rfc3339(asked_at), rfc3339(changed_at))
