"""What a project does with operations that repeat others byte for byte."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Projects that exist go on keeping them."""
    op.add_column(
        "projects", sa.Column("repeats", sa.String, nullable=False, server_default="keep")
    )
