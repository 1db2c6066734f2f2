"""Heartbeats and their pings."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create its tables."""
