"""Appends entries and intents in one transaction, for any room's stream."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast, get_args

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from relight.kernel.actor import Actor, ActorKind
from relight.kernel.ledger import (
    AlreadyOpen,
    Claim,
    Entry,
    Executed,
    Intent,
    LostRace,
    NeverDeclared,
    StreamKind,
    Unknown,
)
from relight.store import tables as t
from relight.store.due import complete_in, fresh_row
from relight.store.engine import Collided, Database

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

_TRIES = 5
_PAGE = 500
_VERSION = 1

# Built once: making a statement costs more than running it.
_OF_STREAM = t.stream.c.stream == bindparam("of")
_HEAD = select(t.stream.c.seq, t.stream.c.state).where(_OF_STREAM).with_for_update()
_STATE = select(t.stream.c.state).where(_OF_STREAM)
_COMMAND = select(t.command).where(t.command.c.id == bindparam("of"))
_APPEND = insert(t.entry)
_BEGIN = insert(t.stream)
_MOVE = update(t.stream).where(_OF_STREAM)
_DONE = insert(t.command)
_ASK = insert(t.due)


class SqlLedger(Generic[S, C, E]):
    """One room's record on either engine; see `kernel.ledger.Ledger`."""

    def __init__(self, database: Database, kind: StreamKind[S, C, E]) -> None:
        """Serve the streams of one kind."""
        self._database = database
        self._kind = kind
        self._events = msgspec.json.Decoder(kind.events)
        self._state = msgspec.json.Decoder(kind.state)
        known = get_args(kind.events) or (kind.events,)
        self._tags = frozenset(cast("type", each).__name__ for each in known) - {Unknown.__name__}

    def execute(
        self,
        id: str,  # noqa: A002
        command: C,
        *,
        by: Actor,
        now: datetime,
        command_id: str,
        occurred_at: datetime | None = None,
        completes: Claim | Sequence[Claim] | None = None,
    ) -> Executed[S]:
        """Run a command in one transaction; see `kernel.ledger.Ledger.execute`."""
        stream = f"{self._kind.name}/{id}"
        ended = (completes,) if isinstance(completes, Claim) else completes or ()
        for _ in range(_TRIES):
            try:
                with self._database.write() as tx:
                    # The head first: whoever waits for its lock then sees what the other wrote.
                    head = tx.execute(_HEAD, {"of": stream}).first()
                    done = self._repeated(tx, command_id)
                    if done is None:
                        done = self._run(
                            tx,
                            stream,
                            head,
                            command,
                            by=by,
                            now=now,
                            command_id=command_id,
                            occurred_at=occurred_at or now,
                        )
                    for claim in ended:
                        complete_in(tx, claim)
                return done
            except (IntegrityError, Collided):
                continue
        raise LostRace

    def _run(
        self,
        tx: Connection,
        stream: str,
        head: Row[int, bytes] | None,
        command: C,
        *,
        by: Actor,
        now: datetime,
        command_id: str,
        occurred_at: datetime,
    ) -> Executed[S]:
        before = self._state.decode(head.state) if head else None
        seq = int(head.seq) if head else 0
        events = self._kind.decide(before, command, now, by)
        state, first = before, seq + 1
        entries: list[Entry[E]] = []
        intents: list[dict[str, object]] = []
        for event in events:
            seq += 1
            entry = Entry(
                stream=stream,
                seq=seq,
                occurred_at=occurred_at if seq == first else now,
                recorded_at=now,
                by=by,
                event=event,
            )
            state = self._kind.evolve(state, entry)
            entries.append(entry)
            for room, react in self._kind.reactors:
                intents += _asked(stream, seq, room, react(entry, state))
        if state is None:
            raise NeverDeclared
        if entries:
            tx.execute(_APPEND, [_row(entry) for entry in entries])
            self._fold(tx, stream, seq, state, now, is_new=head is None)
        if intents:
            tx.execute(_ASK, intents)
        tx.execute(
            _DONE,
            {
                "id": command_id,
                "stream": stream,
                "first_seq": first,
                "end_seq": seq + 1,
                "at": now,
            },
        )
        return Executed(stream=stream, state=state, first_seq=first, end_seq=seq + 1)

    def _repeated(self, tx: Connection, command_id: str) -> Executed[S] | None:
        row = tx.execute(_COMMAND, {"of": command_id}).first()
        state = self._replay(tx, row.stream, before=row.end_seq) if row else None
        if row is None or state is None:
            return None
        return Executed(
            stream=row.stream,
            state=state,
            first_seq=row.first_seq,
            end_seq=row.end_seq,
            repeated=True,
        )

    def _fold(
        self, tx: Connection, stream: str, seq: int, state: S, now: datetime, *, is_new: bool
    ) -> None:
        open_key = self._kind.open_key(state)
        if open_key is not None:
            other = tx.execute(
                select(t.stream.c.stream, t.stream.c.name).where(
                    t.stream.c.kind == self._kind.name,
                    t.stream.c.open_key == open_key,
                    t.stream.c.stream != stream,
                )
            ).first()
            if other:
                msg = f"{other.name or other.stream} is open for the same cause already."
                raise AlreadyOpen(msg)
        values: dict[str, Any] = {
            "seq": seq,
            "state": msgspec.json.encode(state),
            "name": self._kind.name_of(state),
            "open_key": open_key,
            "live": int(self._kind.live(state)),
            "changed_at": now,
        }
        if is_new:
            fresh = {"stream": stream, "kind": self._kind.name, "created_at": now, **values}
            tx.execute(_BEGIN, fresh)
        else:
            tx.execute(_MOVE, {"of": stream, **values})

    def read(self, id: str) -> S | None:  # noqa: A002
        """Give the folded state, or None where there is no such stream."""
        with self._database.read() as tx:
            return self._read(tx, f"{self._kind.name}/{id}")

    def _read(self, tx: Connection, stream: str) -> S | None:
        row = tx.execute(_STATE, {"of": stream}).first()
        return self._state.decode(row.state) if row else None

    def find(self, name: str) -> S | None:
        """Give the folded state by the name that people use for it."""
        query = select(t.stream.c.state).where(
            t.stream.c.kind == self._kind.name, t.stream.c.name == name
        )
        with self._database.read() as tx:
            row = tx.execute(query).first()
        return self._state.decode(row.state) if row else None

    def entries(self, id: str, *, after: int = 0, limit: int = 500) -> list[Entry[E]]:  # noqa: A002
        """Page through the entries in order."""
        with self._database.read() as tx:
            return self._page(tx, f"{self._kind.name}/{id}", after=after, limit=limit)

    def _page(self, tx: Connection, stream: str, *, after: int, limit: int) -> list[Entry[E]]:
        query = (
            select(t.entry)
            .where(t.entry.c.stream == stream, t.entry.c.seq > after)
            .order_by(t.entry.c.seq)
            .limit(limit)
        )
        return [self._entry(row) for row in tx.execute(query)]

    def all(self, *, limit: int | None = None, live: bool | None = None) -> list[S]:
        """Give the folded states, newest first."""
        query = select(t.stream.c.state).where(t.stream.c.kind == self._kind.name)
        if live is not None:
            query = query.where(t.stream.c.live == int(live))
        query = query.order_by(t.stream.c.created_at.desc(), t.stream.c.stream.desc()).limit(limit)
        with self._database.read() as tx:
            return [self._state.decode(row.state) for row in tx.execute(query)]

    def heads(self) -> tuple[int, datetime | None]:
        """Give a value that differs whenever any stream of the kind has grown."""
        query = select(func.coalesce(func.sum(t.stream.c.seq), 0), func.max(t.stream.c.changed_at))
        with self._database.read() as tx:
            total, latest = tx.execute(query.where(t.stream.c.kind == self._kind.name)).one()
        return int(total), latest

    def replay(self, id: str) -> S | None:  # noqa: A002
        """Fold the stream anew from its first entry, to prove the stored state right."""
        with self._database.read() as tx:
            return self._replay(tx, f"{self._kind.name}/{id}")

    def _replay(self, tx: Connection, stream: str, *, before: int | None = None) -> S | None:
        state: S | None = None
        after = 0
        while page := self._page(tx, stream, after=after, limit=_PAGE):
            for each in page:
                if each.seq == before:
                    return state
                state = self._kind.evolve(state, each)
            after = page[-1].seq
        return state

    def _entry(self, row: Row[Any]) -> Entry[E]:
        if row.type in self._tags:
            event = self._events.decode(row.body)
        else:
            event = cast("E", Unknown(tag=row.type, raw=msgspec.json.decode(row.body)))
        return Entry(
            stream=row.stream,
            seq=row.seq,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            by=Actor(ActorKind(row.actor_kind), row.actor_name),
            event=event,
        )


def _row(entry: Entry[Any]) -> dict[str, object]:
    return {
        "stream": entry.stream,
        "seq": entry.seq,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "actor_kind": entry.by.kind.value,
        "actor_name": entry.by.name,
        "type": type(entry.event).__name__,
        "version": _VERSION,
        "body": msgspec.json.encode(entry.event),
    }


def _asked(
    stream: str, seq: int, room: str, intents: Sequence[Intent]
) -> Iterator[dict[str, object]]:
    """Key each intent by what asked for it, which makes it unique."""
    for n, intent in enumerate(intents):
        key = f"{stream}/{seq}/{room}/{n}"
        yield fresh_row(intent.kind, key, intent.due_at, intent.payload)
