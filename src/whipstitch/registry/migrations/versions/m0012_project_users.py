"""Users who see one project."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Users that exist go on seeing all."""
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("project_id", sa.String))
        users.create_foreign_key("users_project_id_fkey", "projects", ["project_id"], ["id"])
