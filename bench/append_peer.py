"""The `eventsourcing` library, writing the same texts as events of one aggregate."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sqlalchemy.engine import make_url


class Record(Aggregate):
    """Counts the texts it was given."""

    def __init__(self) -> None:
        self.n = 0

    @event("Noted")
    def note(self, text: str) -> None:
        del text
        self.n += 1


@contextmanager
def saving(settings: dict[str, str]) -> Generator[Callable[[Sequence[str]], object]]:
    """Give a function that commits some texts."""
    application: Application[UUID] = Application(env=settings)
    record = Record()
    application.save(record)

    def save(texts: Sequence[str]) -> object:
        for text in texts:
            record.note(text)
        return application.save(record)

    yield save
    application.close()


def in_sqlite(file: Path) -> dict[str, str]:
    """Settings for a file."""
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(file)}


def in_postgres(server: str) -> dict[str, str]:
    """Settings for a server."""
    url = make_url(server)
    query = {name: str(value) for name, value in url.query.items()}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.database or "postgres",
        "POSTGRES_HOST": query.get("host") or url.host or "",
        "POSTGRES_PORT": query.get("port") or str(url.port or 5432),
        "POSTGRES_USER": url.username or "postgres",
        "POSTGRES_PASSWORD": url.password or "none",
    }
