"""``GET /api/v1/erasures``."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from whipstitch.analytics.people import erasures
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import InEnvironment, Routes

routes = Routes("/api/v1/erasures", "people")

_MOST: Final = 1000
ERASURE: Final = {
    "id": "era_5f0c6b8d2f4e7a91",
    "state": "running",
    "ids": 3,
    "events": 87,
    "asked_at": "2026-05-09T14:32:01.482Z",
    "changed_at": "2026-05-09T14:32:01.702Z",
}
FILES: Final = "ClickHouse writes files again without the person, and deletes those from before."
"""What an erasure waits for where nothing else is in its way."""


class Erasures(InEnvironment, kw_only=True):
    """How many erasures are listed."""

    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 100


class OneErasure(InEnvironment, kw_only=True):
    """An erasure."""

    erasure_id: str


@routes.add(
    "GET", "", "Erasures, newest first", shown={"page": {"ok": True, "erasures": [ERASURE]}}
)
async def list_erasures(asking: Asking, sent: Erasures) -> erasures.ErasurePage:
    """What was erased, and how far it is. Whom it concerned is not kept."""
    return await erasures.newest(await asking.session(), sent.limit)


@routes.add(
    "GET",
    "/{erasure_id}",
    "One erasure",
    shown={"erasure": {"ok": True, "erasure": {**ERASURE, "waits_for": [FILES]}}},
    refusals={404: "There is no such erasure."},
)
async def show_erasure(asking: Asking, sent: OneErasure) -> erasures.ErasureAnswer:
    """`running`: no read shows anything of the person, and `waits_for` says what is waited for;
    `done`: nothing of them is left on the disk."""
    return await shown(asking, sent.erasure_id)


async def shown(asking: Asking, erasure_id: str) -> erasures.ErasureAnswer:
    """Raises HTTPException (404)."""
    found = await erasures.one(await asking.session(), erasure_id)
    if found is None:
        raise not_found("There is no such erasure")
    status, accepted = found
    if status.state == "running":
        waits_for = await asking.services.erases.waits_for(accepted)
        status = msgspec.structs.replace(status, waits_for=waits_for)
    return erasures.ErasureAnswer(erasure=status)
