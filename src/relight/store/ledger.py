"""Appends entries and intents in one transaction, for any room's stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast, get_args

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update
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
from relight.store.due import complete_in, insert_intent
from relight.store.engine import Collided, Database

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

_TRIES = 5
_PAGE = 500
_VERSION = 1


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
        completes: Claim | None = None,
    ) -> Executed[S]:
        """Run a command in one transaction; see `kernel.ledger.Ledger.execute`."""
        stream = f"{self._kind.name}/{id}"
        for _ in range(_TRIES):
            try:
                with self._database.write() as tx:
                    # The head first: whoever waits for its lock then sees what the other wrote.
                    head = tx.execute(_head(stream)).first()
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
                    if completes is not None:
                        complete_in(tx, completes)
                return done
            except (IntegrityError, Collided):
                continue
        raise LostRace

    def _run(
        self,
        tx: Connection,
        stream: str,
        head: Row[Any] | None,
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
            self._append(tx, entry)
            for room, react in self._kind.reactors:
                _ask(tx, stream, seq, room, react(entry, state))
        if state is None:
            raise NeverDeclared
        if events:
            self._fold(tx, stream, seq, state, now, is_new=head is None)
        tx.execute(
            insert(t.command).values(
                id=command_id, stream=stream, first_seq=first, end_seq=seq + 1, at=now
            )
        )
        return Executed(stream=stream, state=state, first_seq=first, end_seq=seq + 1)

    def _repeated(self, tx: Connection, command_id: str) -> Executed[S] | None:
        row = tx.execute(select(t.command).where(t.command.c.id == command_id)).first()
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

    def _append(self, tx: Connection, entry: Entry[E]) -> None:
        tx.execute(
            insert(t.entry).values(
                stream=entry.stream,
                seq=entry.seq,
                occurred_at=entry.occurred_at,
                recorded_at=entry.recorded_at,
                actor_kind=entry.by.kind.value,
                actor_name=entry.by.name,
                type=type(entry.event).__name__,
                version=_VERSION,
                body=msgspec.json.encode(entry.event),
            )
        )

    def _fold(
        self, tx: Connection, stream: str, seq: int, state: S, now: datetime, *, is_new: bool
    ) -> None:
        open_key = self._kind.open_key(state)
        if open_key is not None:
            other = tx.execute(
                select(t.stream.c.stream).where(
                    t.stream.c.kind == self._kind.name,
                    t.stream.c.open_key == open_key,
                    t.stream.c.stream != stream,
                )
            ).first()
            if other:
                msg = f"{AlreadyOpen.__doc__} ({other.stream})"
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
            tx.execute(insert(t.stream).values(**fresh))
        else:
            tx.execute(update(t.stream).where(t.stream.c.stream == stream).values(**values))

    def read(self, id: str) -> S | None:  # noqa: A002
        """Give the folded state, or None where there is no such stream."""
        with self._database.read() as tx:
            return self._read(tx, f"{self._kind.name}/{id}")

    def _read(self, tx: Connection, stream: str) -> S | None:
        row = tx.execute(select(t.stream.c.state).where(t.stream.c.stream == stream)).first()
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

    def all(self, *, limit: int = 100, live: bool | None = None) -> list[S]:
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


def _head(stream: str) -> Select[Any]:
    return select(t.stream).where(t.stream.c.stream == stream).with_for_update()


def _ask(tx: Connection, stream: str, seq: int, room: str, intents: Sequence[Intent]) -> None:
    for n, intent in enumerate(intents):
        insert_intent(tx, intent, key=f"{stream}/{seq}/{room}/{n}")
