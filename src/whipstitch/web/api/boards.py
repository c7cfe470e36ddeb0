"""``/api/v1/boards``: saved questions that are looked at together."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from whipstitch.core.errors import InvalidQuery, UnknownQuestion
from whipstitch.registry.boards import MOST_TILES
from whipstitch.registry.values import KEEP, Board, Tile, TileWidth
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.kept import CHANGES, REFUSALS, as_json, example, moment, registry_of
from whipstitch.web.api.question_bodies import QuestionShown
from whipstitch.web.api.question_bodies import shown as shown_question
from whipstitch.web.api.questions import SHOWN as SHOWN_QUESTION
from whipstitch.web.api.reading import CurrentScope
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(prefix="/api/v1/boards", tags=["boards"], route_class=CancellableRoute)

_SHOWN: Final[dict[str, Any]] = {
    "id": "brd_5jdHi6BmyT2wV1StGXR8Z",
    "name": "Morning",
    "tiles": [{"question_id": SHOWN_QUESTION["id"], "width": "half"}],
    "created_by": "ann@example.com",
    "created_at": "2026-05-01T08:00:00.000Z",
    "changed_by": "ann@example.com",
    "changed_at": "2026-05-09T14:30:00.000Z",
}
_ONE: Final = example({"ok": True, "board": _SHOWN})
_NEW: Final = {
    "board": {
        "summary": "Two questions, the first as wide as the board",
        "value": {
            "name": "Morning",
            "tiles": [
                {"question_id": "qst_V1StGXR8Z5jdHi6BmyT2w", "width": "full"},
                {"question_id": "qst_jdHi6BmyT2wV1StGXR8Z5"},
            ],
        },
    },
}
_CHANGES: Final = {
    "rename": {"summary": "Call it otherwise", "value": {"name": "Evening"}},
    "tiles": {
        "summary": "Other questions, or in another order",
        "value": {"tiles": [{"question_id": "qst_V1StGXR8Z5jdHi6BmyT2w", "width": "full"}]},
    },
}


class TileBody(bodies.StrictBody):
    """A question's place on a board."""

    question_id: Annotated[str, Field(examples=["qst_V1StGXR8Z5jdHi6BmyT2w"])]
    width: Annotated[TileWidth, Field(description="Of the board's width")] = "half"


Tiles = Annotated[
    list[TileBody],
    Field(max_length=MOST_TILES, description="In their order, each question once"),
]
_NO_TILES: Final[list[TileBody]] = []


class BoardBody(bodies.StrictBody):
    """A board to be made."""

    name: Annotated[str, Field(examples=["Morning"])]
    tiles: Tiles = _NO_TILES


class BoardChange(bodies.StrictBody):
    """What is to be otherwise; what is left out stays."""

    name: str = ""
    tiles: Tiles = _NO_TILES


class TileShown(msgspec.Struct):
    question_id: str
    width: TileWidth


class BoardShown(msgspec.Struct):
    id: str
    name: str
    tiles: list[TileShown]
    created_by: str
    created_at: str
    changed_by: str
    changed_at: str


class BoardsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    boards: list[BoardShown]


class BoardAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    board: BoardShown


class WholeBoard(BoardAnswer, kw_only=True):
    """With the questions of the tiles, in their order."""

    questions: list[QuestionShown]


@router.get(
    "",
    summary="Boards, oldest first",
    response_class=Response,
    responses={200: example({"ok": True, "boards": [_SHOWN]}), **REFUSALS},
)
async def list_boards(request: Request, scope: CurrentScope) -> Response:
    """All boards of the environment."""
    found = await run_in_threadpool(registry_of(request).list_boards, scope)
    return as_json(BoardsAnswer(boards=[_show(one) for one in found]))


@router.post(
    "",
    status_code=201,
    summary="Make a board",
    response_class=Response,
    responses={201: _ONE, **CHANGES},
)
async def create_board(
    request: Request,
    editor: CurrentEditor,
    scope: CurrentScope,
    body: Annotated[BoardBody, Body(openapi_examples=_NEW)],
) -> Response:
    """It belongs to the environment that is asked for."""
    registry = registry_of(request)
    tiles = _tiles(body.tiles)
    try:
        made = await run_in_threadpool(
            registry.create_board, scope, editor.called, body.name, tiles
        )
    except UnknownQuestion as error:
        raise _unknown(error, tiles) from None
    return as_json(BoardAnswer(board=_show(made)), 201)


@router.get(
    "/{board_id}",
    summary="One board with its questions",
    response_class=Response,
    responses={
        200: example({"ok": True, "board": _SHOWN, "questions": [SHOWN_QUESTION]}),
        **REFUSALS,
    },
)
async def show_board(request: Request, scope: CurrentScope, board_id: str) -> Response:
    """The questions are in the order of the tiles. Each is asked of its own surface."""
    board, questions = await run_in_threadpool(registry_of(request).find_board, scope, board_id)
    shown = [shown_question(one) for one in questions]
    return as_json(WholeBoard(board=_show(board), questions=shown))


@router.patch(
    "/{board_id}",
    summary="Change a board",
    response_class=Response,
    responses={200: _ONE, **CHANGES},
)
async def change_board(
    request: Request,
    editor: CurrentEditor,
    scope: CurrentScope,
    board_id: str,
    body: Annotated[BoardChange, Body(openapi_examples=_CHANGES)],
) -> Response:
    """What is left out stays; `tiles` are replaced all together."""
    registry = registry_of(request)
    sent = body.model_fields_set
    tiles = _tiles(body.tiles)
    try:
        changed = await run_in_threadpool(
            registry.change_board,
            scope,
            board_id,
            editor.called,
            name=body.name if "name" in sent else KEEP,
            tiles=tiles if "tiles" in sent else KEEP,
        )
    except UnknownQuestion as error:
        raise _unknown(error, tiles) from None
    return as_json(BoardAnswer(board=_show(changed)))


@router.delete(
    "/{board_id}",
    summary="Delete a board",
    responses={200: example({"ok": True}), **CHANGES},
)
async def delete_board(
    request: Request, _: CurrentEditor, scope: CurrentScope, board_id: str
) -> dict[str, bool]:
    """Its questions stay saved."""
    await run_in_threadpool(registry_of(request).delete_board, scope, board_id)
    return {"ok": True}


@router.post(
    "/{board_id}/tiles",
    summary="Pin a question to a board",
    response_class=Response,
    responses={200: _ONE, **CHANGES},
)
async def pin_question(
    request: Request, editor: CurrentEditor, scope: CurrentScope, board_id: str, body: TileBody
) -> Response:
    """It comes last; one that is there already stays where it is."""
    (tile,) = _tiles([body])
    board = await run_in_threadpool(registry_of(request).pin, scope, board_id, editor.called, tile)
    return as_json(BoardAnswer(board=_show(board)))


@router.delete(
    "/{board_id}/tiles/{question_id}",
    summary="Take a question off a board",
    response_class=Response,
    responses={200: _ONE, **CHANGES},
)
async def unpin_question(
    request: Request, editor: CurrentEditor, scope: CurrentScope, board_id: str, question_id: str
) -> Response:
    """The question stays saved. One that is not there is no error."""
    board = await run_in_threadpool(
        registry_of(request).unpin, scope, board_id, editor.called, question_id
    )
    return as_json(BoardAnswer(board=_show(board)))


def _tiles(sent: Sequence[TileBody]) -> list[Tile]:
    """Raises InvalidQuery."""
    before: set[str] = set()
    for index, one in enumerate(sent):
        if one.question_id in before:
            raise InvalidQuery(f"tiles[{index}].question_id", "is on the board already")
        before.add(one.question_id)
    return [Tile(one.question_id, one.width) for one in sent]


def _unknown(error: UnknownQuestion, tiles: Sequence[Tile]) -> InvalidQuery:
    index = [tile.question_id for tile in tiles].index(error.question_id)
    return InvalidQuery(
        f"tiles[{index}].question_id", "there is no such question in this environment"
    )


def _show(board: Board) -> BoardShown:
    return BoardShown(
        board.id,
        board.name,
        [TileShown(tile.question_id, tile.width) for tile in board.tiles],
        board.created_by,
        moment(board.created_at),
        board.changed_by,
        moment(board.changed_at),
    )
