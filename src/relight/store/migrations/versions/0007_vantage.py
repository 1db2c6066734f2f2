"""Vantage points that were invited or have joined."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create its table."""
    op.create_table(
        "vantage",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.Text(), nullable=True),
        sa.Column("invite_digest", sa.Text(), nullable=True),
        sa.Column("invite_until", sa.BigInteger(), nullable=True),
        sa.Column("joined_at", sa.BigInteger(), nullable=True),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("skew_s", sa.Double[float](), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_vantage"),
        sa.UniqueConstraint("key_digest", name="uq_vantage_key_digest"),
        sa.UniqueConstraint("invite_digest", name="uq_vantage_invite_digest"),
    )
