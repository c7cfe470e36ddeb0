"""What the requests for boards may say, and how a board is shown; its tiles: ``board_tiles``."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions import filters
from whipstitch.registry.board_values import Asked, Board
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.board_tiles import Tiles, TileShown, shown_tile
from whipstitch.web.api.bodies import BreakdownBody, Filters, StrictBody
from whipstitch.web.api.fields import part_of
from whipstitch.web.api.question_bodies import MOVING, QuestionShown, check_size
from whipstitch.web.api.questions import SHOWN as SHOWN_QUESTION
from whipstitch.web.api.times import moment

_DAY: Final = r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?"

SHOWN: Final[dict[str, Any]] = {
    "id": "brd_5jdHi6BmyT2wV1StGXR8Z",
    "name": "Morning",
    "tiles": [
        {"text": "# The shop\nSee **Live**", "x": 0, "y": 0, "width": 12, "height": 2},
        {"question_id": SHOWN_QUESTION["id"], "x": 0, "y": 2, "width": 8, "height": 7},
    ],
    "filters": [{"property": "plan", "operator": "is", "value": "pro"}],
    "breakdown": None,
    "range": "30d",
    "created_by": "ann@example.com",
    "created_at": "2026-05-01T08:00:00.000Z",
    "changed_by": "ann@example.com",
    "changed_at": "2026-05-09T14:30:00.000Z",
}
ONE: Final = {"board": {"ok": True, "board": SHOWN}}
NEW: Final = {
    "in a grid": {
        "summary": "A text over two questions, of the last week",
        "value": {
            "name": "Morning",
            "tiles": [
                {"text": "# The shop", "x": 0, "y": 0, "width": 12, "height": 2},
                {"question_id": "qst_V1StGXR8Z5jdHi6BmyT2w", "x": 0, "y": 2}
                | {"width": 8, "height": 7},
                {"question_id": "qst_jdHi6BmyT2wV1StGXR8Z5", "x": 8, "y": 2}
                | {"width": 4, "height": 7},
            ],
            "range": "7d",
        },
    },
    "in order": {
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
CHANGES: Final = {
    "rename": {"summary": "Call it otherwise", "value": {"name": "Evening"}},
    "tiles": {
        "summary": "Other questions, or in another order",
        "value": {"tiles": [{"question_id": "qst_V1StGXR8Z5jdHi6BmyT2w", "width": "full"}]},
    },
    "ask": {
        "summary": "Ask all questions about one plan",
        "value": {"filters": [{"property": "plan", "operator": "is", "value": "pro"}]},
    },
}


BoardFilters = Annotated[Filters, Meta(description="Of all questions, beside their own")]
BoardBreakdown = Annotated[
    BreakdownBody | None,
    Meta(description="Of all questions that can be broken down, in place of their own"),
]
BoardRange = Annotated[
    str,
    Meta(
        pattern=rf"^({MOVING}|{_DAY}\.\.{_DAY})$",
        description="Of all questions, in place of their own, as theirs is written; also "
        "`2026-05-01..2026-05-31`, both days inside. Null: each has its own.",
        examples=["30d"],
    ),
]


class BoardBody(StrictBody, kw_only=True):
    """A board to be made."""

    name: Annotated[str, Meta(examples=["Morning"])]
    tiles: Tiles = msgspec.field(default_factory=list)
    filters: BoardFilters = msgspec.field(default_factory=list)
    breakdown: BoardBreakdown = None
    range: BoardRange | None = None

    def asked(self) -> Asked:
        return Asked(tuple(self.filters), msgspec.to_builtins(self.breakdown), self.range)


class BoardChange(StrictBody, kw_only=True):
    """What is to be otherwise; what is left out stays."""

    name: str | UnsetType = UNSET
    tiles: Tiles | UnsetType = UNSET
    filters: BoardFilters | UnsetType = UNSET
    breakdown: BoardBreakdown | UnsetType = UNSET
    range: BoardRange | UnsetType | None = UNSET

    @property
    def asks(self) -> bool:
        """Whether it changes what the board asks of its questions."""
        return any(one is not UNSET for one in (self.filters, self.breakdown, self.range))

    def asked(self, before: Asked) -> Asked:
        return Asked(
            before.filters if self.filters is UNSET else tuple(self.filters),
            before.breakdown if self.breakdown is UNSET else msgspec.to_builtins(self.breakdown),
            before.range if self.range is UNSET else self.range,
        )


class BoardShown(msgspec.Struct):
    id: str
    name: str
    tiles: list[TileShown]
    filters: Filters
    breakdown: dict[str, Any] | None
    range: str | None
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


async def check(asking: Asking, asked: Asked) -> None:
    """That questions can be asked so. Raises InvalidQuery."""
    check_size(asked.filters, "filters")
    await asking.must_exist(filters.cohorts_of(filters.parse(asked.filters, "filters")))
    if asked.breakdown is not None:
        part_of(asked.breakdown, BreakdownBody).parsed()


def shown(board: Board) -> BoardShown:
    return BoardShown(
        board.id,
        board.name,
        [shown_tile(tile) for tile in board.tiles],
        list(board.asked.filters),
        board.asked.breakdown,
        board.asked.range,
        board.created_by,
        moment(board.created_at),
        board.changed_by,
        moment(board.changed_at),
    )
