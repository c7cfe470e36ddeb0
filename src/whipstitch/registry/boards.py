"""Boards: saved questions that are looked at together."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from whipstitch.core.errors import RegistryError, UnknownBoard
from whipstitch.core.projects import Scope
from whipstitch.registry import credentials, placing
from whipstitch.registry.board_tables import BoardRow, TextTileRow, TileRow
from whipstitch.registry.board_values import AnyTile, Asked, Board, Question, Tile
from whipstitch.registry.lookup import checked_name, lock_project
from whipstitch.registry.questions import find_row as find_question
from whipstitch.registry.transactions import Transactions

MOST_BOARDS: Final = 200
"""Of a project, in both environments together."""
MOST_TILES: Final = 50
"""Of a board: most ask a question of their own."""
NOTHING_MORE: Final = Asked()


class Boards(Transactions):
    """The part of the registry that knows boards; ingestion sees none of it.

    A board belongs to one environment of a project: elsewhere it is unknown, and it has only
    questions of its own environment. ``by`` is who does something, as lists show it."""

    def create_board(
        self,
        scope: Scope,
        by: str,
        name: str,
        tiles: Sequence[AnyTile] = (),
        asked: Asked = NOTHING_MORE,
    ) -> Board:
        """A new board. Names need not differ. Raises UnknownQuestion."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            there = session.scalar(
                select(func.count())
                .select_from(BoardRow)
                .where(BoardRow.project_id == scope.project_id)
            )
            if (there or 0) >= MOST_BOARDS:
                raise RegistryError(
                    f"A project has at most {MOST_BOARDS} boards: delete one that is not used."
                )
            now = self._now()
            row = BoardRow(
                id=credentials.new_id("brd"),
                project_id=scope.project_id,
                environment=scope.environment,
                name=checked_name(name, "board"),
                created_by=by,
                created_at=now,
                changed_by=by,
                changed_at=now,
            )
            _ask(row, asked)
            _place(session, scope, row, tiles)
            session.add(row)
            return row.value()

    def list_boards(self, scope: Scope) -> list[Board]:
        """The boards of an environment, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(BoardRow)
                .options(selectinload(BoardRow.tiles), selectinload(BoardRow.texts))
                .where(BoardRow.project_id == scope.project_id)
                .where(BoardRow.environment == scope.environment)
                .order_by(BoardRow.created_at, BoardRow.id)
            )
            return [row.value() for row in rows]

    def find_board(self, scope: Scope, board_id: str) -> tuple[Board, list[Question]]:
        """A board, and the questions of its tiles in their order. Raises UnknownBoard."""
        with self._reading() as session:
            row = _find(session, scope, board_id)
            questions = [find_question(session, scope, tile.question_id) for tile in row.tiles]
            return row.value(), [one.value() for one in questions]

    def change_board(
        self,
        scope: Scope,
        board_id: str,
        by: str,
        *,
        name: str | UnsetType = UNSET,
        tiles: Sequence[AnyTile] | UnsetType = UNSET,
        asked: Asked | UnsetType = UNSET,
    ) -> Board:
        """The board, with what is given in place of what it was. Raises UnknownBoard and
        UnknownQuestion."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = _find(session, scope, board_id)
            if name is not UNSET:
                row.name = checked_name(name, "board")
            if tiles is not UNSET:
                _place(session, scope, row, tiles)
            if asked is not UNSET:
                _ask(row, asked)
            row.changed_by, row.changed_at = by, self._now()
            return row.value()

    def pin(self, scope: Scope, board_id: str, by: str, tile: Tile) -> Board:
        """The board, with the question at its end; one that is there already stays where it is.
        Raises UnknownBoard and UnknownQuestion."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = _find(session, scope, board_id)
            tiles = row.value().tiles
            if tile.question_id not in {one.question_id for one in row.tiles}:
                if place := placing.at_end(tiles, tile.width):
                    tile = Tile(tile.question_id, place=tile.place or place)
                _place(session, scope, row, [*tiles, tile])
                row.changed_by, row.changed_at = by, self._now()
            return row.value()

    def unpin(self, scope: Scope, board_id: str, by: str, question_id: str) -> Board:
        """The board without the question, which stays saved. Raises UnknownBoard."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = _find(session, scope, board_id)
            left = [tile for tile in row.tiles if tile.question_id != question_id]
            if len(left) < len(row.tiles):
                row.tiles = left
                row.changed_by, row.changed_at = by, self._now()
            return row.value()

    def delete_board(self, scope: Scope, board_id: str) -> None:
        """Its questions stay saved. Raises UnknownBoard."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            session.delete(_find(session, scope, board_id))


def _find(session: Session, scope: Scope, board_id: str) -> BoardRow:
    row = session.get(BoardRow, board_id)
    if row is None or (row.project_id, row.environment) != scope:
        raise UnknownBoard("There is no such board in this environment of the project.")
    return row


def _place(session: Session, scope: Scope, board: BoardRow, tiles: Sequence[AnyTile]) -> None:
    """Makes these the board's tiles. Raises UnknownQuestion."""
    if len(tiles) > MOST_TILES:
        raise RegistryError(f"A board has at most {MOST_TILES} tiles: make another one.")
    ids = [tile.question_id for tile in tiles if isinstance(tile, Tile)]
    if len(set(ids)) < len(ids):
        raise RegistryError("A question is on a board once only.")
    if problem := placing.fault(tiles):
        raise RegistryError(f"Tile {problem[0] + 1}: {problem[1]}.")
    known = {row.question_id: row for row in board.tiles}
    written = {row.position: row for row in board.texts}
    questions, texts = [], []
    for position, tile in enumerate(tiles):
        if isinstance(tile, Tile):
            find_question(session, scope, tile.question_id)
            row = known.get(tile.question_id) or TileRow(question_id=tile.question_id)
            row.position = position
            row.put(tile.width, tile.place)
            questions.append(row)
        else:
            text = written.get(position) or TextTileRow(position=position)
            text.text = tile.text
            text.put(tile.width, tile.place)
            texts.append(text)
    board.tiles, board.texts = questions, texts


def _ask(board: BoardRow, asked: Asked) -> None:
    board.filters, board.breakdown, board.range = list(asked.filters), asked.breakdown, asked.range
