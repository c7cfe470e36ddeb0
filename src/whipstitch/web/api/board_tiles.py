"""The tiles of a board, as requests and answers have them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.core.errors import InvalidQuery, UnknownQuestion
from whipstitch.registry import placing
from whipstitch.registry.board_values import AnyTile, TextTile, Tile, TilePlace, TileWidth
from whipstitch.registry.boards import MOST_TILES
from whipstitch.web.api.bodies import StrictBody

LONGEST_TEXT: Final = 5_000


class TileBody(StrictBody, kw_only=True):
    """A question or a text on a board: with `x`, `y`, `width` and `height` in cells of its grid, or
    without, in order."""

    question_id: Annotated[str | None, Meta(examples=["qst_V1StGXR8Z5jdHi6BmyT2w"])] = None
    text: (
        Annotated[
            str,
            Meta(
                max_length=LONGEST_TEXT,
                description="In place of a question. `# heading`, `- item`, `**bold**`, "
                "`[link](address)`; no HTML.",
            ),
        ]
        | None
    ) = None
    x: Annotated[int, Meta(ge=0, lt=placing.COLUMNS)] | None = None
    y: Annotated[int, Meta(ge=0, lt=placing.MOST_ROWS)] | None = None
    width: Annotated[
        TileWidth | int,
        Meta(
            description=f"Cells, of {placing.COLUMNS}; without a place of the board's width. "
            "Without a place a tile is as high as it needs."
        ),
    ] = "half"
    height: (
        Annotated[int, Meta(ge=placing.LEAST_SIDE, le=placing.TALLEST, description="Cells")] | None
    ) = None


Tiles = Annotated[
    list[TileBody],
    Meta(
        max_length=MOST_TILES,
        description="In their order, each question once. Either all have a place, or none has.",
    ),
]


class TileShown(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of a question or a text; `width` in cells where it has a place."""

    question_id: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    x: int | UnsetType = UNSET
    y: int | UnsetType = UNSET
    width: TileWidth | int
    height: int | UnsetType = UNSET


def parsed_tiles(sent: Sequence[TileBody]) -> list[AnyTile]:
    """Raises InvalidQuery."""
    before: set[str] = set()
    tiles: list[AnyTile] = []
    for index, one in enumerate(sent):
        field = f"tiles[{index}]"
        place = _place(one, field)
        width: TileWidth = "half" if isinstance(one.width, int) else one.width
        if one.text is not None:
            if one.question_id is not None:
                raise InvalidQuery(f"{field}.text", "stands alone: leave question_id out")
            if not all(char.isprintable() or char in "\n\t" for char in one.text):
                raise InvalidQuery(f"{field}.text", "must have printable characters only")
            tiles.append(TextTile(one.text, width, place))
            continue
        if one.question_id is None:
            raise InvalidQuery(f"{field}.question_id", "is missing: a tile has it, or a text")
        if one.question_id in before:
            raise InvalidQuery(f"{field}.question_id", "is on the board already")
        before.add(one.question_id)
        tiles.append(Tile(one.question_id, width, place))
    if problem := placing.fault(tiles):
        raise InvalidQuery(f"tiles[{problem[0]}]", problem[1])
    return tiles


def _place(tile: TileBody, field: str) -> TilePlace | None:
    cells = (tile.x, tile.y, tile.height)
    if isinstance(tile.width, str):
        if cells != (None, None, None):
            raise InvalidQuery(f"{field}.width", "must be cells, as x, y and height are")
        return None
    if tile.x is None or tile.y is None or tile.height is None:
        raise InvalidQuery(field, "in cells a tile has all of x, y, width and height")
    return TilePlace(tile.x, tile.y, tile.width, tile.height)


@contextmanager
def unknown_named(tiles: Sequence[AnyTile]) -> Iterator[None]:
    """A question that there is not is told with the field that names it."""
    try:
        yield
    except UnknownQuestion as error:
        ids = [tile.question_id if isinstance(tile, Tile) else None for tile in tiles]
        raise InvalidQuery(
            f"tiles[{ids.index(error.question_id)}].question_id",
            "there is no such question in this environment",
        ) from None


def shown_tile(tile: AnyTile) -> TileShown:
    place = tile.place
    shown = (
        TileShown(width=tile.width)
        if place is None
        else TileShown(x=place.x, y=place.y, width=place.width, height=place.height)
    )
    if isinstance(tile, Tile):
        shown.question_id = tile.question_id
    else:
        shown.text = tile.text
    return shown
