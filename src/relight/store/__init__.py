"""What happened, on disk: SQLite beside the kit, or PostgreSQL. It decides nothing of its own."""
