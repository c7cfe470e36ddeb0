"""What a project does with malformed operations, and how much one address may send it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Projects that exist go on refusing."""
    op.add_column(
        "projects", sa.Column("malformed", sa.String, nullable=False, server_default="refuse")
    )
    op.add_column("projects", sa.Column("address_rate_limit", sa.Integer))
