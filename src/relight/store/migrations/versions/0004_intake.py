"""What senders outside handed in, and what changed."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create its tables."""
