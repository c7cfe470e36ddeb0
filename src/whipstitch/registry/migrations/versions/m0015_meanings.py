"""What people say of names of events, properties and traits."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "meanings",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("display_name", sa.String),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("is_hidden", sa.Boolean, nullable=False),
        sa.Column("verified_by", sa.String),
        sa.Column("verified_at", sa.DateTime(timezone=True)),
        sa.Column("any_of", sa.JSON),
        sa.Column("expression", sa.String),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
