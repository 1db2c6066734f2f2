"""What customers' pages report."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create its tables: counts by span, and the words that failures come with."""
    op.create_table(
        "edge_count",
        sa.Column("span_s", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("loads", "failed", "slow", "errors", "api_failed", "visitors")
        ),
        sa.PrimaryKeyConstraint("span_s", "at", "service", "site", name="pk_edge_count"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edge_reason",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service", "reason", name="pk_edge_reason"),
    )
