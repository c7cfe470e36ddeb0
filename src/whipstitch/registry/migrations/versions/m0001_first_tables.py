"""Projects, keys, tokens, users, screens and the revision."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "projects",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("ips", sa.JSON, nullable=False),
        sa.Column("rate_limit", sa.Integer),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "ingestion_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_ingestion_keys_project_id", "ingestion_keys", ["project_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("name", sa.String),
        sa.Column("hash", sa.String, nullable=False, unique=True),
        sa.Column("ends_with", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_tokens_project_id", "tokens", ["project_id"])
    op.create_table(
        "users",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "screens",
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("screen", sa.String, primary_key=True),
        sa.Column("app_version", sa.String, primary_key=True),
        sa.Column("os", sa.String, primary_key=True),
        sa.Column("device_width", sa.Double),
        sa.Column("device_height", sa.Double),
        sa.Column("scroll_offset_y", sa.Double),
        sa.Column("content_type", sa.String, nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
    )
    counter = op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "number": 1}])
