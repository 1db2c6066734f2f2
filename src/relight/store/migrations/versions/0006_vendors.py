"""What vendors say of themselves."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create its tables."""
