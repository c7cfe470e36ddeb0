"""The places of a board's tiles: which there may be, and where one more goes. Pure."""

from collections.abc import Sequence
from typing import Final

from whipstitch.registry.board_values import AnyTile, TilePlace, TileWidth

COLUMNS: Final = 12
"""Of a board."""
MOST_ROWS: Final = 1_000
"""Of a board: far more than anybody scrolls."""
LEAST_SIDE: Final = 2
"""Cells: smaller ones have no room for a title."""
TALLEST: Final = 60
"""Cells."""
_USUAL_HEIGHT: Final = 7
_WIDTHS: Final[dict[TileWidth, int]] = {"half": COLUMNS // 2, "full": COLUMNS}


def fault(tiles: Sequence[AnyTile]) -> tuple[int, str] | None:
    """The first tile that cannot stand where it is to, by its index, and why; None: all can."""
    placed: list[tuple[int, TilePlace]] = []
    for index, tile in enumerate(tiles):
        place = tile.place
        if (place is None) != (tiles[0].place is None):
            return index, "all tiles of a board have a place (x, y, width, height), or none has"
        if place is None:
            continue
        if not _is_inside(place):
            return index, (
                f"a place lies within {COLUMNS} columns and {MOST_ROWS:,} rows, and is "
                f"{LEAST_SIDE} to {COLUMNS} cells wide and {LEAST_SIDE} to {TALLEST} high"
            )
        for other, there in placed:
            if _overlap(place, there):
                return index, f"overlaps tiles[{other}]"
        placed.append((index, place))
    return None


def at_end(tiles: Sequence[AnyTile], width: TileWidth) -> TilePlace | None:
    """The place of one more tile below all others; None on a board without places."""
    ends = [tile.place.y + tile.place.height for tile in tiles if tile.place is not None]
    return TilePlace(0, max(ends), _WIDTHS[width], _USUAL_HEIGHT) if ends else None


def _is_inside(place: TilePlace) -> bool:
    return (
        LEAST_SIDE <= place.width <= COLUMNS
        and LEAST_SIDE <= place.height <= TALLEST
        and 0 <= place.x <= COLUMNS - place.width
        and 0 <= place.y <= MOST_ROWS - place.height
    )


def _overlap(one: TilePlace, other: TilePlace) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
