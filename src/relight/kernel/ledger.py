"""Streams of entries: the shapes that every room with a record of its own shares.

A command is one transaction: read the stream's head, `decide`, append, let every room `react`,
write the intents and the folded state. `store.ledger` does it; the rooms own the functions.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from relight.kernel.actor import Actor
from relight.kernel.faults import Refused

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")
C_contra = TypeVar("C_contra", contravariant=True)


class Entry(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """One fact of a stream. `seq` starts at 1; both times are aware UTC."""

    stream: str
    seq: int
    occurred_at: datetime
    recorded_at: datetime
    by: Actor
    event: E


class Unknown(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    """An event written by a newer version: shown as it is, folded to nothing."""

    tag: str
    raw: dict[str, Any]


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do at or after a time, committed together with the entry that asked for it.

    `kind` picks the handler that wiring registered; `payload` is that handler's own struct.
    The key (stream, seq, room, n) makes it unique; it is also the effect's idempotency key.
    """

    kind: str
    due_at: datetime
    payload: msgspec.Struct


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A due row that this worker holds until its lease ends; `token` fences a woken sleeper."""

    id: int
    kind: str
    key: str
    due_at: datetime
    attempts: int
    payload: bytes
    token: str


class NeverDeclared(Refused):
    """There is no such record yet."""


class LostRace(Refused):
    """Others changed this at the same moment."""

    hint = "Look at it again and repeat what you wanted."


class AlreadyOpen(Refused):
    """Something is already open for the same cause."""


class StreamKind(msgspec.Struct, Generic[S, C, E], frozen=True, kw_only=True):
    """All that a store needs to know of one room's record.

    `events` is the closed union as msgspec decodes it. `decide(state, command, now, by)` gives
    events or raises a `Refused`; `evolve(state, entry)` folds one entry; `live` says whether work
    remains; `reactors` are (room, function) pairs in a fixed order; `open_key` names what may be
    open only once at a time (a database constraint), or None; `name_of` is the unique name by which
    people find it, or None.
    """

    name: str
    events: Any
    state: type[S]
    decide: Callable[[S | None, C, datetime, Actor], Sequence[E]]
    evolve: Callable[[S | None, Entry[E]], S]
    live: Callable[[S], bool]
    reactors: tuple[tuple[str, Callable[[Entry[E], S], Sequence[Intent]]], ...] = ()
    open_key: Callable[[S], str | None] = lambda _state: None
    name_of: Callable[[S], str | None] = lambda _state: None


class Executed(msgspec.Struct, Generic[S], frozen=True):
    """What a command led to: the state at its last entry, and which entries (half-open)."""

    stream: str
    state: S
    first_seq: int
    end_seq: int
    repeated: bool = False


class Ledger(Protocol[S, C_contra, E]):
    """One room's record. Implemented on SQLite and PostgreSQL by `store.ledger`."""

    def execute(
        self,
        id: str,  # noqa: A002 - the field's own word
        command: C_contra,
        *,
        by: Actor,
        now: datetime,
        command_id: str,
        occurred_at: datetime | None = None,
        completes: Claim | Sequence[Claim] | None = None,
    ) -> Executed[S]:
        """Run a command in one transaction.

        A repeated `command_id` gives the first answer. `occurred_at` is when the first event
        happened, where that was before; what follows from it happens now. `completes` ends
        claimed intents in the same transaction; a claim that was lost stays, as its new holder
        answers for it. Raises a `Refused` when the room's `decide` does, or after five lost races.
        """
        ...

    def read(self, id: str) -> S | None:  # noqa: A002
        """Give the folded state, or None where there is no such stream."""
        ...

    def find(self, name: str) -> S | None:
        """Give the folded state by the name that people use for it."""
        ...

    def entries(self, id: str, *, after: int = 0, limit: int = 500) -> list[Entry[E]]:  # noqa: A002
        """Page through the entries in order."""
        ...

    def all(self, *, limit: int | None = None, live: bool | None = None) -> list[S]:
        """Give the folded states, newest first; `live` asks for those with work left or without.

        Without a `limit` none is left out.
        """
        ...


class Due(Protocol):
    """The one primitive that moves everything that is due."""

    def claim(
        self, kinds: Sequence[str], *, now: datetime, limit: int, lease_s: float
    ) -> list[Claim]:
        """Take due rows that nobody holds, oldest first."""
        ...

    def complete(self, claim: Claim) -> bool:
        """End a row, or give it back where it was scheduled again since the claim.

        False when the lease was lost to another worker in between.
        """
        ...

    def defer(self, claim: Claim, *, due_at: datetime, attempts: int | None = None) -> bool:
        """Give the row back with a later time; counts one more attempt unless told a number."""
        ...

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        """Hold a row longer; False when it was lost."""
        ...

    def schedule(self, kind: str, key: str, *, due_at: datetime, payload: msgspec.Struct) -> None:
        """Make sure a row by that (kind, key) is due no later than this.

        A row that exists keeps its payload. One that is held falls due again after its holder.
        """
        ...

    def cancel(self, kind: str, key: str) -> None:
        """Take a row out, whether or not someone holds it."""
        ...

    def keys(self, kind: str) -> set[str]:
        """Name the rows of a kind."""
        ...

    def next_due(self, kinds: Sequence[str]) -> datetime | None:
        """Tell when the next row falls due, or the lease of a held one ends."""
        ...
