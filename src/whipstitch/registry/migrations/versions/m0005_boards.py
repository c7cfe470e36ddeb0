"""Saved questions, and boards of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the tables of questions, boards, and the places of the ones on the others."""
    op.create_table(
        "questions",
        *_named(),
        sa.Column("surface", sa.String, nullable=False),
        sa.Column("query", sa.JSON, nullable=False),
        sa.Column("range", sa.String),
        sa.Column("view", sa.JSON, nullable=False),
    )
    op.create_table("boards", *_named())
    op.create_table(
        "tiles",
        sa.Column("board_id", sa.String, sa.ForeignKey("boards.id"), primary_key=True),
        sa.Column("question_id", sa.String, sa.ForeignKey("questions.id"), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("width", sa.String, nullable=False),
    )
    op.create_index("ix_questions_project_id", "questions", ["project_id"])
    op.create_index("ix_boards_project_id", "boards", ["project_id"])
    op.create_index("ix_tiles_question_id", "tiles", ["question_id"])


def _named() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    ]
