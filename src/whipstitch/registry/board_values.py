"""Saved questions and boards, as the registry hands them out: frozen, without a session behind
them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from whipstitch.core.projects import Scope
from whipstitch.registry.values import ReportKind

TileWidth = Literal["half", "full"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that somebody saved: what is sent to its ``surface``, and how the dashboard shows
    the answer. ``range`` is a relative range of time (``7d``); without one it is the query's own.
    ``boards`` are the ids of those that it is on, ``…_by`` users or tokens, as they were called."""

    id: str
    scope: Scope
    name: str
    surface: ReportKind
    query: dict[str, Any]
    range: str | None
    view: dict[str, Any]
    boards: tuple[str, ...]
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Where a tile stands in a board's grid, in cells: ``x`` and ``y``, from 0 on, are those of the
    cell at its upper left."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A question on a board: at its ``place``, or without one in the order of the tiles, ``width``
    of the board wide and as high as it needs."""

    question_id: str
    width: TileWidth = "half"
    place: TilePlace | None = None


@dataclass(frozen=True, slots=True)
class TextTile:
    """A text on a board, with the dashboard's markup; ``width`` and ``place`` as in ``Tile``."""

    text: str
    width: TileWidth = "half"
    place: TilePlace | None = None


AnyTile = Tile | TextTile


@dataclass(frozen=True, slots=True)
class Asked:
    """What a board asks of all its questions besides what each asks: ``filters`` and ``breakdown``
    as requests have them; ``range`` as in ``Question``, or two days with ``..`` between."""

    filters: tuple[dict[str, Any], ...] = ()
    breakdown: dict[str, Any] | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Tiles that are looked at together, in their order; each question once. Either all of them
    have a place, or none has."""

    id: str
    scope: Scope
    name: str
    tiles: tuple[AnyTile, ...]
    asked: Asked
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
