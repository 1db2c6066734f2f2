"""Vantage points and what they saw."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create its tables."""
