"""Saved questions: what was asked, what it is called and how it is shown."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, UnsetType
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from whipstitch.core.errors import RegistryError, UnknownQuestion
from whipstitch.core.projects import Scope
from whipstitch.registry import credentials
from whipstitch.registry.board_tables import BoardRow, QuestionRow
from whipstitch.registry.board_values import Question
from whipstitch.registry.lookup import checked_name, lock_project
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import ReportKind

MOST_QUESTIONS: Final = 1_000
"""Of a project, in both environments together."""


class Questions(Transactions):
    """The part of the registry that knows saved questions; ingestion sees none of it.

    A question belongs to one environment of a project: elsewhere it is unknown. ``by`` is who does
    something, as lists show it."""

    def create_question(
        self,
        scope: Scope,
        by: str,
        name: str,
        surface: ReportKind,
        query: Mapping[str, Any],
        range_: str | None = None,
        view: Mapping[str, Any] | None = None,
    ) -> Question:
        """A new question. Names need not differ."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            there = session.scalar(
                select(func.count())
                .select_from(QuestionRow)
                .where(QuestionRow.project_id == scope.project_id)
            )
            if (there or 0) >= MOST_QUESTIONS:
                raise RegistryError(
                    f"A project has at most {MOST_QUESTIONS:,} saved questions: delete one that is "
                    "not used."
                )
            now = self._now()
            row = QuestionRow(
                id=credentials.new_id("qst"),
                project_id=scope.project_id,
                environment=scope.environment,
                name=checked_name(name, "question"),
                surface=surface,
                query=dict(query),
                range=range_,
                view=dict(view or {}),
                created_by=by,
                created_at=now,
                changed_by=by,
                changed_at=now,
            )
            session.add(row)
            return row.value()

    def list_questions(self, scope: Scope) -> list[Question]:
        """The questions of an environment, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(QuestionRow)
                .options(selectinload(QuestionRow.tiles))
                .where(QuestionRow.project_id == scope.project_id)
                .where(QuestionRow.environment == scope.environment)
                .order_by(QuestionRow.created_at, QuestionRow.id)
            )
            return [row.value() for row in rows]

    def find_question(self, scope: Scope, question_id: str) -> Question:
        """Raises UnknownQuestion."""
        with self._reading() as session:
            return find_row(session, scope, question_id).value()

    def change_question(
        self,
        scope: Scope,
        question_id: str,
        by: str,
        *,
        name: str | UnsetType = UNSET,
        query: Mapping[str, Any] | UnsetType = UNSET,
        range_: str | UnsetType | None = UNSET,
        view: Mapping[str, Any] | UnsetType = UNSET,
    ) -> Question:
        """The question, with what is given in place of what it was. Raises UnknownQuestion."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = find_row(session, scope, question_id)
            if name is not UNSET:
                row.name = checked_name(name, "question")
            if query is not UNSET:
                row.query = dict(query)
            if range_ is not UNSET:
                row.range = range_
            if view is not UNSET:
                row.view = dict(view)
            row.changed_by, row.changed_at = by, self._now()
            return row.value()

    def delete_question(self, scope: Scope, question_id: str) -> list[str]:
        """Takes it off the boards that it is on: their names. Raises UnknownQuestion."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = find_row(session, scope, question_id)
            names = session.scalars(
                select(BoardRow.name)
                .where(BoardRow.id.in_([tile.board_id for tile in row.tiles]))
                .order_by(BoardRow.name)
            ).all()
            session.delete(row)
            return list(names)


def find_row(session: Session, scope: Scope, question_id: str) -> QuestionRow:
    """Raises UnknownQuestion."""
    row = session.get(QuestionRow, question_id)
    if row is None or (row.project_id, row.environment) != scope:
        raise UnknownQuestion(
            "There is no such question in this environment of the project.", question_id
        )
    return row
