"""Vantage points and what they saw."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create its tables."""
