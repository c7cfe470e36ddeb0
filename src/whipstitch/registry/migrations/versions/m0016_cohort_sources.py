"""The questions that static cohorts are made from."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Of those that there are it is not known."""
    with op.batch_alter_table("cohorts") as cohorts:
        cohorts.add_column(sa.Column("people_of", sa.JSON, nullable=False, server_default="null"))
