"""Alerts of any source: one open for each (source, key); and the silences that hold them back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Say who raised an alert; those before came from checks. Keep silences."""
    with op.batch_alter_table("alert") as alert:
        alert.add_column(sa.Column("source", sa.Text(), nullable=False, server_default="check"))
        alert.drop_constraint("uq_alert_open_key", type_="unique")
        alert.create_unique_constraint("uq_alert_source_open_key", ["source", "open_key"])
    with op.batch_alter_table("alert") as alert:
        alert.alter_column("source", server_default=None)
    op.create_table(
        "silence",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_silence"),
    )
    op.create_index("ix_silence_ends_at", "silence", ["ends_at"])
