"""``/api/v1/boards``: saved questions that are looked at together."""

from msgspec import UNSET, UnsetType
from starlette.concurrency import run_in_threadpool

from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.board_values import Asked, Tile
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.board_bodies import (
    CHANGES,
    NEW,
    ONE,
    SHOWN,
    BoardAnswer,
    BoardBody,
    BoardChange,
    BoardsAnswer,
    WholeBoard,
    check,
    shown,
)
from whipstitch.web.api.board_tiles import TileBody, parsed_tiles, unknown_named
from whipstitch.web.api.endpoints import REFUSALS, Done, InEnvironment, Routes
from whipstitch.web.api.question_bodies import shown as shown_question
from whipstitch.web.api.questions import SHOWN as SHOWN_QUESTION

routes = Routes("/api/v1/boards", "boards", cancellable=True)


class OneBoard(InEnvironment, kw_only=True):
    """A board."""

    board_id: str


class OneTile(OneBoard, kw_only=True):
    """A question on a board."""

    question_id: str


@routes.add("GET", "", "Boards, oldest first", shown={"boards": {"ok": True, "boards": [SHOWN]}})
async def list_boards(asking: Asking, sent: InEnvironment) -> BoardsAnswer:
    """All boards of the environment."""
    found = await run_in_threadpool(asking.registry.list_boards, asking.scope)
    return BoardsAnswer(boards=[shown(one) for one in found])


@routes.add(
    "POST",
    "",
    "Make a board",
    who="editor",
    status=201,
    examples=NEW,
    shown=ONE,
    refusals=REFUSALS,
)
async def create_board(asking: Asking, sent: InEnvironment, body: BoardBody) -> BoardAnswer:
    """It belongs to the environment that is asked for."""
    tiles = parsed_tiles(body.tiles)
    asked = body.asked()
    await check(asking, asked)
    with unknown_named(tiles):
        made = await run_in_threadpool(
            asking.registry.create_board,
            asking.scope,
            asking.reader.called,
            body.name,
            tiles,
            asked,
        )
    return BoardAnswer(board=shown(made))


@routes.add(
    "GET",
    "/{board_id}",
    "One board with its questions",
    shown={"board": {"ok": True, "board": SHOWN, "questions": [SHOWN_QUESTION]}},
    refusals=REFUSALS,
)
async def show_board(asking: Asking, sent: OneBoard) -> WholeBoard:
    """The questions are in the order of the tiles. Each is asked of its own report, with what the
    board asks of all."""
    find = asking.registry.find_board
    board, questions = await run_in_threadpool(find, asking.scope, sent.board_id)
    return WholeBoard(board=shown(board), questions=[shown_question(one) for one in questions])


@routes.add(
    "PATCH",
    "/{board_id}",
    "Change a board",
    who="editor",
    examples=CHANGES,
    shown=ONE,
    refusals=REFUSALS,
)
async def change_board(asking: Asking, sent: OneBoard, body: BoardChange) -> BoardAnswer:
    """What is left out stays; `tiles` are replaced all together."""
    registry = asking.registry
    tiles = [] if body.tiles is UNSET else parsed_tiles(body.tiles)
    asked: Asked | UnsetType = UNSET
    if body.asks:
        before, _ = await run_in_threadpool(registry.find_board, asking.scope, sent.board_id)
        asked = body.asked(before.asked)
        await check(asking, asked)
    with unknown_named(tiles):
        changed = await run_in_threadpool(
            registry.change_board,
            asking.scope,
            sent.board_id,
            asking.reader.called,
            name=body.name,
            tiles=UNSET if body.tiles is UNSET else tiles,
            asked=asked,
        )
    return BoardAnswer(board=shown(changed))


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
    shown=ONE,
    refusals=REFUSALS,
)
async def pin_question(asking: Asking, sent: OneBoard, body: TileBody) -> BoardAnswer:
    """It comes last, below all others; one that is there already stays where it is."""
    (tile,) = parsed_tiles([body])
    if not isinstance(tile, Tile):
        raise InvalidQuery("question_id", "is missing: texts are among the `tiles` of a board")
    pin = asking.registry.pin
    board = await run_in_threadpool(pin, asking.scope, sent.board_id, asking.reader.called, tile)
    return BoardAnswer(board=shown(board))


@routes.add(
    "DELETE",
    "/{board_id}/tiles/{question_id}",
    "Take a question off a board",
    who="editor",
    shown=ONE,
    refusals=REFUSALS,
)
async def unpin_question(asking: Asking, sent: OneTile) -> BoardAnswer:
    """The question stays saved. One that is not there is no error."""
    unpin = asking.registry.unpin
    board = await run_in_threadpool(
        unpin, asking.scope, sent.board_id, asking.reader.called, sent.question_id
    )
    return BoardAnswer(board=shown(board))
