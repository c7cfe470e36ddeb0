"""How far nodes have looked through their dead letters for people who were erased."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Nodes that are listed look again."""
    with op.batch_alter_table("nodes") as nodes:
        nodes.add_column(sa.Column("cleared", sa.BigInteger, nullable=False, server_default="0"))
