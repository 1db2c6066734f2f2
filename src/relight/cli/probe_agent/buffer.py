"""Keeps results on disk until the house has them: a small SQLite file, first in, first out."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from relight.detect.vantage import Seen

MOST = 200_000
"""So many results are kept; the oldest go first, and are counted."""

_MAKE_ROOM = "DELETE FROM seen WHERE id <= (SELECT id FROM seen ORDER BY id DESC LIMIT 1 OFFSET ?)"


class Buffer:
    """Results that wait. What `add` was given survives a kill. For one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Open the file, making it where there is none."""
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"
        )
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Seen).decode
        self.lost = 0

    def add(self, seen: Sequence[Seen]) -> None:
        """Write results down in one transaction; where there is no room the oldest go."""
        rows = [(self._encode(each),) for each in seen]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("INSERT INTO seen (body) VALUES (?)", rows)
            self.lost += self._connection.execute(_MAKE_ROOM, (MOST,)).rowcount
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def oldest(self, most: int) -> tuple[int, tuple[Seen, ...]]:
        """Give the oldest results, and the mark to drop them by; 0 where there are none."""
        query = "SELECT id, body FROM seen ORDER BY id LIMIT ?"
        rows = self._connection.execute(query, (most,)).fetchall()
        return (rows[-1][0] if rows else 0), tuple(self._decode(body) for _, body in rows)

    def drop(self, mark: int) -> None:
        """Forget what the house has now."""
        self._connection.execute("DELETE FROM seen WHERE id <= ?", (mark,))

    def __len__(self) -> int:
        """Tell how many results wait."""
        return int(self._connection.execute("SELECT count(*) FROM seen").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
