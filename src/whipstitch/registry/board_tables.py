"""The registry's tables of saved questions and boards. A change here needs a migration beside it (a
test compares the two)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from whipstitch.core.projects import Environment, Scope
from whipstitch.registry.board_values import (
    Asked,
    Board,
    Question,
    TextTile,
    Tile,
    TilePlace,
    TileWidth,
)
from whipstitch.registry.tables import Base
from whipstitch.registry.values import ReportKind


class _Placed:
    """What tiles have in common: they stand in the order of ``position``, which may have gaps;
    ``columns`` and ``rows`` are the width and the height of a place in cells."""

    width: Mapped[TileWidth] = mapped_column(String)
    x: Mapped[int | None]
    y: Mapped[int | None]
    columns: Mapped[int | None]
    rows: Mapped[int | None]

    @property
    def place(self) -> TilePlace | None:
        if self.x is None or self.y is None or self.columns is None or self.rows is None:
            return None
        return TilePlace(self.x, self.y, self.columns, self.rows)

    def put(self, width: TileWidth, place: TilePlace | None) -> None:
        self.width = width
        self.x, self.y = (None, None) if place is None else (place.x, place.y)
        self.columns, self.rows = (None, None) if place is None else (place.width, place.height)


class TileRow(_Placed, Base):
    """A question on a board."""

    __tablename__ = "tiles"

    board_id: Mapped[str] = mapped_column(ForeignKey("boards.id"), primary_key=True)
    question_id: Mapped[str] = mapped_column(
        ForeignKey("questions.id"), primary_key=True, index=True
    )
    position: Mapped[int]

    def value(self) -> Tile:
        """The row, frozen."""
        return Tile(self.question_id, self.width, self.place)


class TextTileRow(_Placed, Base):
    """A text on a board."""

    __tablename__ = "text_tiles"

    board_id: Mapped[str] = mapped_column(ForeignKey("boards.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]

    def value(self) -> TextTile:
        """The row, frozen."""
        return TextTile(self.text, self.width, self.place)


class QuestionRow(Base):
    """A question that somebody saved."""

    __tablename__ = "questions"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    environment: Mapped[Environment]
    name: Mapped[str]
    surface: Mapped[ReportKind] = mapped_column(String)
    query: Mapped[dict[str, Any]] = mapped_column(JSON)
    range: Mapped[str | None]
    view: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]

    tiles: Mapped[list[TileRow]] = relationship(order_by=TileRow.board_id, cascade="all")

    def value(self) -> Question:
        """The row, frozen."""
        return Question(
            self.id,
            Scope(self.project_id, self.environment),
            self.name,
            self.surface,
            self.query,
            self.range,
            self.view,
            tuple(tile.board_id for tile in self.tiles),
            self.created_by,
            self.created_at,
            self.changed_by,
            self.changed_at,
        )


class BoardRow(Base):
    """A board."""

    __tablename__ = "boards"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    environment: Mapped[Environment]
    name: Mapped[str]
    filters: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    breakdown: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    range: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]

    tiles: Mapped[list[TileRow]] = relationship(
        order_by=TileRow.position, cascade="all, delete-orphan"
    )
    texts: Mapped[list[TextTileRow]] = relationship(
        order_by=TextTileRow.position, cascade="all, delete-orphan"
    )

    def value(self) -> Board:
        """The row, frozen."""
        rows: list[TileRow | TextTileRow] = [*self.tiles, *self.texts]
        return Board(
            self.id,
            Scope(self.project_id, self.environment),
            self.name,
            tuple(row.value() for row in sorted(rows, key=lambda row: row.position)),
            Asked(tuple(self.filters or ()), self.breakdown, self.range),
            self.created_by,
            self.created_at,
            self.changed_by,
            self.changed_at,
        )
