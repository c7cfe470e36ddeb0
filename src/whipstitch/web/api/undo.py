"""``DELETE /api/v1/aliases/{alias_id}`` and ``POST /api/v1/aliases/rewrite``."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Path, Request

from whipstitch.core.projects import Environment, Scope
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.ids import ANY_ID, PersonId
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(prefix="/api/v1", tags=["identity"])
_DONE: dict[str, Any] = {"content": {"application/json": {"example": {"ok": True}}}}


class Stitches(Protocol):
    """What an operator may do about stitches."""

    async def undo(self, scope: Scope, alias_id: str) -> bool:
        """Takes the link of an id away; False: it has none.

        Raises:
            StorageUnavailable: what came in before is not stored yet, or nothing can be.
        """

    def rewrite_now(self) -> None:
        """Asks for the rewrite of what waits."""


_UNDONE: dict[int | str, dict[str, Any]] = {
    200: _DONE,
    403: {"model": Refused, "description": "The token's role is viewer."},
    404: {"model": Refused, "description": "The id is linked to nobody."},
    503: {"model": Refused, "description": "Not now; nothing is undone."},
}


@router.delete(f"/aliases/{ANY_ID}", summary="Undo a stitch", responses=_UNDONE)
async def undo(
    request: Request,
    editor: CurrentEditor,
    alias_id: Annotated[str, Path(alias="id")],
    environment: Environment = "live",
) -> dict[str, bool]:
    """Takes back that `alias_id` is somebody else: rows that came in under it, and under what is
    still linked to it, belong to it again. Reads say so at once, the rows at the next rewrite. An
    alias that is sent later counts again."""
    stitches: Stitches = request.app.state.stitches
    if not await stitches.undo(Scope(editor.project_id, environment), alias_id):
        raise HTTPException(404, f"alias_id: {alias_id} is linked to nobody")
    return {"ok": True}


@router.delete("/aliases", summary="Undo a stitch, named by a parameter", responses=_UNDONE)
async def undo_by_parameter(
    request: Request,
    editor: CurrentEditor,
    alias_id: PersonId,
    environment: Environment = "live",
) -> dict[str, bool]:
    """The same as `/api/v1/aliases/{id}`, for ids that do not survive in a path, such as `..`."""
    return await undo(request, editor, alias_id, environment)


@router.post(
    "/aliases/rewrite", status_code=202, summary="Rewrite what waits now", responses={202: _DONE}
)
async def rewrite(request: Request, _: CurrentEditor) -> dict[str, bool]:
    """Has rows with ids that turned out to be somebody's rewritten now, rather than at the next
    interval. `state` of the aliases says when it is done; reads need not wait for it."""
    stitches: Stitches = request.app.state.stitches
    stitches.rewrite_now()
    return {"ok": True}
