"""``DELETE /api/v1/people/{id}`` and ``GET /api/v1/erasures``."""

from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response

from whipstitch.analytics.people import erasures
from whipstitch.analytics.people.erasures import ErasureAnswer
from whipstitch.core.projects import Environment, Scope
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.ids import ANY_ID, PersonId
from whipstitch.web.api.reading import CurrentReading
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(prefix="/api/v1", tags=["people"])

_MOST = 1000
_ERASURE = {
    "id": "era_5f0c6b8d2f4e7a91",
    "state": "running",
    "ids": 3,
    "events": 87,
    "asked_at": "2026-05-09T14:32:01.482Z",
    "changed_at": "2026-05-09T14:32:01.702Z",
}


def _example(body: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"example": {"ok": True, **body}}}}


_ONE: dict[int | str, dict[str, Any]] = {200: _example({"erasure": _ERASURE})}


class Erases(Protocol):
    """Who erases people."""

    async def erase(self, scope: Scope, id_: str) -> str | None:
        """Erases the person who has this id; the erasure's id, when no read shows them any more.
        None: nobody has it.

        Raises:
            StorageUnavailable: what came in before is not stored yet, or nothing can be.
        """


_ERASED: dict[int | str, dict[str, Any]] = {
    **_ONE,
    403: {"model": Refused, "description": "The token's role is viewer."},
    404: {"model": Refused, "description": "No person has this id."},
    503: {"model": Refused, "description": "Not now; nothing is erased."},
}


@router.delete(
    f"/people/{ANY_ID}",
    summary="Erase a person",
    response_class=Response,
    responses=_ERASED,
)
async def erase(
    request: Request,
    editor: CurrentEditor,
    reading: CurrentReading,
    id: str,  # noqa: A002 - its public name
    environment: Environment = "live",
) -> Response:
    """Erases the events, traits and aliases of every id of the person who has this one, also those
    that are on their way. On the answer no read shows them any more; `state` is `done` when nothing
    of them is left on the disk. What is sent under these ids later makes a new person."""
    erases: Erases = request.app.state.erases
    erasure_id = await erases.erase(Scope(editor.project_id, environment), id)
    if erasure_id is None:
        raise HTTPException(404, "No person has this id")
    return await _show(reading, erasure_id)


@router.delete(
    "/person",
    summary="Erase a person, whose id is a parameter",
    response_class=Response,
    responses=_ERASED,
)
async def erase_by_parameter(
    request: Request,
    editor: CurrentEditor,
    reading: CurrentReading,
    id: PersonId,  # noqa: A002 - its public name
    environment: Environment = "live",
) -> Response:
    """The same as `/api/v1/people/{id}`, for ids that do not survive in a path, such as `..`."""
    return await erase(request, editor, reading, id, environment)


@router.get(
    "/erasures",
    summary="Erasures, newest first",
    response_class=Response,
    responses={200: _example({"erasures": [_ERASURE]})},
)
async def list_erasures(
    reading: CurrentReading, limit: Annotated[int, Query(ge=1, le=_MOST)] = 100
) -> Response:
    """What was erased, and how far it is. Whom it concerned is not kept."""
    page = await erasures.newest(reading, limit)
    return Response(msgspec.json.encode(page), media_type="application/json")


@router.get(
    "/erasures/{erasure_id}",
    summary="One erasure",
    response_class=Response,
    responses={**_ONE, 404: {"model": Refused, "description": "There is no such erasure."}},
)
async def show_erasure(reading: CurrentReading, erasure_id: str) -> Response:
    """`running`: no read shows anything of the person; `done`: nothing of them is left on the
    disk."""
    return await _show(reading, erasure_id)


async def _show(reading: CurrentReading, erasure_id: str) -> Response:
    found = await erasures.one(reading, erasure_id)
    if found is None:
        raise HTTPException(404, "There is no such erasure")
    answer = ErasureAnswer(erasure=found)
    return Response(msgspec.json.encode(answer), media_type="application/json")
