"""Tiles in a grid, texts on boards, and what a board asks of all its questions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Tiles that exist have no place: their boards look as before."""
    for name in ("x", "y", "columns", "rows"):
        op.add_column("tiles", sa.Column(name, sa.Integer))
    op.create_table(
        "text_tiles",
        sa.Column("board_id", sa.String, sa.ForeignKey("boards.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("width", sa.String, nullable=False),
        *(sa.Column(name, sa.Integer) for name in ("x", "y", "columns", "rows")),
    )
    op.add_column("boards", sa.Column("filters", sa.JSON))
    op.add_column("boards", sa.Column("breakdown", sa.JSON))
    op.add_column("boards", sa.Column("range", sa.String))
