"""A toy record: a counter that counts up to nine, for what the ledger promises any room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from relight.kernel.actor import Actor
from relight.kernel.faults import Refused
from relight.kernel.ledger import Entry, Intent, StreamKind, Unknown

NOW = datetime(2026, 5, 2, 3, 4, 5, 678901, tzinfo=UTC)


class Full(Refused):
    """The counter is full."""


class Counted(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    by: int


class Labelled(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    label: str
    group: str = ""


Event: TypeAlias = Counted | Labelled | Unknown


class Count(msgspec.Struct, frozen=True):
    """Ask for several steps at once; `most` is where the counter is full."""

    steps: tuple[int, ...] = (1,)
    most: int = 9


class Label(msgspec.Struct, frozen=True):
    label: str
    group: str = ""


class Counter(msgspec.Struct, frozen=True):
    seq: int = 0
    total: int = 0
    label: str | None = None
    group: str | None = None
    unknown: int = 0


class Bell(msgspec.Struct, frozen=True):
    total: int


def decide(
    state: Counter | None, command: Count | Label, now: datetime, by: Actor
) -> Sequence[Event]:
    if isinstance(command, Label):
        return [Labelled(command.label, command.group)]
    total = state.total if state else 0
    if total + sum(command.steps) > command.most:
        raise Full
    return [Counted(step) for step in command.steps]


def evolve(state: Counter | None, entry: Entry[Event]) -> Counter:
    before = msgspec.structs.replace(state or Counter(), seq=entry.seq)
    match entry.event:
        case Counted():
            return msgspec.structs.replace(before, total=before.total + entry.event.by)
        case Labelled():
            return msgspec.structs.replace(
                before, label=entry.event.label, group=entry.event.group or None
            )
        case Unknown():
            return msgspec.structs.replace(before, unknown=before.unknown + 1)


def ring(entry: Entry[Event], state: Counter) -> Sequence[Intent]:
    if not isinstance(entry.event, Counted):
        return []
    return [
        Intent(kind="ring", due_at=entry.recorded_at, payload=Bell(state.total)),
        Intent(kind="hum", due_at=entry.recorded_at, payload=Bell(state.total)),
    ]


COUNTER: StreamKind[Counter, Count | Label, Event] = StreamKind(
    name="counter",
    events=Event,
    state=Counter,
    decide=decide,
    evolve=evolve,
    live=lambda state: state.total < 9,
    reactors=(("bells", ring),),
    open_key=lambda state: state.group,
    name_of=lambda state: state.label,
)
