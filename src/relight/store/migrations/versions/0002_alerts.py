"""Alerts of any source: one open for each (source, key)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Say who raised an alert; those before came from checks."""
    with op.batch_alter_table("alert") as alert:
        alert.add_column(sa.Column("source", sa.Text(), nullable=False, server_default="check"))
        alert.drop_constraint("uq_alert_open_key", type_="unique")
        alert.create_unique_constraint("uq_alert_source_open_key", ["source", "open_key"])
    with op.batch_alter_table("alert") as alert:
        alert.alter_column("source", server_default=None)
