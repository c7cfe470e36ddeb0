"""``/api/v1/boards``: saved questions that are looked at together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.concurrency import run_in_threadpool

from whipstitch.core.errors import InvalidQuery, UnknownQuestion
from whipstitch.registry.boards import MOST_TILES
from whipstitch.registry.values import Board, Tile, TileWidth
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import REFUSALS, Done, InEnvironment, Routes
from whipstitch.web.api.question_bodies import QuestionShown
from whipstitch.web.api.question_bodies import shown as shown_question
from whipstitch.web.api.questions import SHOWN as SHOWN_QUESTION
from whipstitch.web.api.times import moment

routes = Routes("/api/v1/boards", "boards", cancellable=True)

_SHOWN: Final[dict[str, Any]] = {
    "id": "brd_5jdHi6BmyT2wV1StGXR8Z",
    "name": "Morning",
    "tiles": [{"question_id": SHOWN_QUESTION["id"], "width": "half"}],
    "created_by": "ann@example.com",
    "created_at": "2026-05-01T08:00:00.000Z",
    "changed_by": "ann@example.com",
    "changed_at": "2026-05-09T14:30:00.000Z",
}
_ONE: Final = {"board": {"ok": True, "board": _SHOWN}}
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


class TileBody(StrictBody, kw_only=True):
    """A question's place on a board."""

    question_id: Annotated[str, Meta(examples=["qst_V1StGXR8Z5jdHi6BmyT2w"])]
    width: Annotated[TileWidth, Meta(description="Of the board's width")] = "half"


Tiles = Annotated[
    list[TileBody],
    Meta(max_length=MOST_TILES, description="In their order, each question once"),
]


class BoardBody(StrictBody, kw_only=True):
    """A board to be made."""

    name: Annotated[str, Meta(examples=["Morning"])]
    tiles: Tiles = msgspec.field(default_factory=list)


class BoardChange(StrictBody, kw_only=True):
    """What is to be otherwise; what is left out stays."""

    name: str | UnsetType = UNSET
    tiles: Tiles | UnsetType = UNSET


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


class OneBoard(InEnvironment, kw_only=True):
    """A board."""

    board_id: str


class OneTile(OneBoard, kw_only=True):
    """A question on a board."""

    question_id: str


@routes.add("GET", "", "Boards, oldest first", shown={"boards": {"ok": True, "boards": [_SHOWN]}})
async def list_boards(asking: Asking, sent: InEnvironment) -> BoardsAnswer:
    """All boards of the environment."""
    found = await run_in_threadpool(asking.registry.list_boards, asking.scope)
    return BoardsAnswer(boards=[_show(one) for one in found])


@routes.add(
    "POST",
    "",
    "Make a board",
    who="editor",
    status=201,
    examples=_NEW,
    shown=_ONE,
    refusals=REFUSALS,
)
async def create_board(asking: Asking, sent: InEnvironment, body: BoardBody) -> BoardAnswer:
    """It belongs to the environment that is asked for."""
    tiles = _tiles(body.tiles)
    create = asking.registry.create_board
    with _unknown_named(tiles):
        made = await run_in_threadpool(create, asking.scope, asking.reader.called, body.name, tiles)
    return BoardAnswer(board=_show(made))


@routes.add(
    "GET",
    "/{board_id}",
    "One board with its questions",
    shown={"board": {"ok": True, "board": _SHOWN, "questions": [SHOWN_QUESTION]}},
    refusals=REFUSALS,
)
async def show_board(asking: Asking, sent: OneBoard) -> WholeBoard:
    """The questions are in the order of the tiles. Each is asked of its own report."""
    find = asking.registry.find_board
    board, questions = await run_in_threadpool(find, asking.scope, sent.board_id)
    return WholeBoard(board=_show(board), questions=[shown_question(one) for one in questions])


@routes.add(
    "PATCH",
    "/{board_id}",
    "Change a board",
    who="editor",
    examples=_CHANGES,
    shown=_ONE,
    refusals=REFUSALS,
)
async def change_board(asking: Asking, sent: OneBoard, body: BoardChange) -> BoardAnswer:
    """What is left out stays; `tiles` are replaced all together."""
    tiles = [] if body.tiles is UNSET else _tiles(body.tiles)
    with _unknown_named(tiles):
        changed = await run_in_threadpool(
            asking.registry.change_board,
            asking.scope,
            sent.board_id,
            asking.reader.called,
            name=body.name,
            tiles=UNSET if body.tiles is UNSET else tiles,
        )
    return BoardAnswer(board=_show(changed))


@routes.add(
    "DELETE",
    "/{board_id}",
    "Delete a board",
    who="editor",
    shown={"deleted": {"ok": True}},
    refusals=REFUSALS,
)
async def delete_board(asking: Asking, sent: OneBoard) -> Done:
    """Its questions stay saved."""
    await run_in_threadpool(asking.registry.delete_board, asking.scope, sent.board_id)
    return Done()


@routes.add(
    "POST",
    "/{board_id}/tiles",
    "Pin a question to a board",
    who="editor",
    shown=_ONE,
    refusals=REFUSALS,
)
async def pin_question(asking: Asking, sent: OneBoard, body: TileBody) -> BoardAnswer:
    """It comes last; one that is there already stays where it is."""
    (tile,) = _tiles([body])
    pin = asking.registry.pin
    board = await run_in_threadpool(pin, asking.scope, sent.board_id, asking.reader.called, tile)
    return BoardAnswer(board=_show(board))


@routes.add(
    "DELETE",
    "/{board_id}/tiles/{question_id}",
    "Take a question off a board",
    who="editor",
    shown=_ONE,
    refusals=REFUSALS,
)
async def unpin_question(asking: Asking, sent: OneTile) -> BoardAnswer:
    """The question stays saved. One that is not there is no error."""
    unpin = asking.registry.unpin
    board = await run_in_threadpool(
        unpin, asking.scope, sent.board_id, asking.reader.called, sent.question_id
    )
    return BoardAnswer(board=_show(board))


def _tiles(sent: Sequence[TileBody]) -> list[Tile]:
    """Raises InvalidQuery."""
    before: set[str] = set()
    for index, one in enumerate(sent):
        if one.question_id in before:
            raise InvalidQuery(f"tiles[{index}].question_id", "is on the board already")
        before.add(one.question_id)
    return [Tile(one.question_id, one.width) for one in sent]


@contextmanager
def _unknown_named(tiles: Sequence[Tile]) -> Iterator[None]:
    """A question that there is not is told with the field that names it."""
    try:
        yield
    except UnknownQuestion as error:
        index = [tile.question_id for tile in tiles].index(error.question_id)
        raise InvalidQuery(
            f"tiles[{index}].question_id", "there is no such question in this environment"
        ) from None


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
