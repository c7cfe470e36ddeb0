"""Users who see one project."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Users that exist go on seeing all."""
    # SQLite cannot copy a table that others refer to, but adds a column with its reference.
    op.execute("ALTER TABLE users ADD COLUMN project_id VARCHAR REFERENCES projects (id)")
