"""How each heartbeat stands, and its last hundred pings, written together."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import Executable

from relight.catalog.heartbeat import Heartbeat
from relight.detect.alert import UNWATCHED, Alert
from relight.detect.heartbeat import HeartbeatState, Ping
from relight.kernel.ledger import Claim
from relight.store import tables as t
from relight.store.alerts import clear_in, raise_in, write_in
from relight.store.due import Asked, ask_in, complete_in, defer_in
from relight.store.engine import Collided, Database

HEARTBEAT = "heartbeat"
"""The source of alerts from heartbeats, and the kind of their timers."""

KEPT_PINGS = 100
"""So many of the last pings are kept of each heartbeat."""

AskTriage: TypeAlias = Callable[[str, datetime], Asked]


class HeartbeatDue(msgspec.Struct, frozen=True):
    """Look whether this heartbeat has been silent for too long."""

    name: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat as it is stored; `provisioned` is what a ping that made it asked for."""

    state: HeartbeatState
    version: int
    provisioned: Heartbeat | None = None


class KeptPing(msgspec.Struct, frozen=True, kw_only=True):
    """One ping with its number; `took_s` is how long the run took that it ended.

    `cut` says that more of the body came than is kept.
    """

    number: int
    ping: Ping
    took_s: float | None = None
    cut: bool = False
    body: bytes = b""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What pings or a silence made of one heartbeat; all of a batch is one transaction.

    `before` is the version that was judged; 0 is one that is new. `raises` is the alert that it
    opens, `clears` says why its open alert ends. `arm` writes a timer, `claim` is the one that went
    off, given back for `again_at` or ended.
    """

    state: HeartbeatState
    before: int
    provisioned: Heartbeat | None = None
    pings: tuple[KeptPing, ...] = ()
    raises: Alert | None = None
    clears: "Clears | None" = None
    arm: datetime | None = None
    claim: Claim | None = None
    again_at: datetime | None = None

    @property
    def visible(self) -> bool:
        """Whether anyone waits for it."""
        return bool(self.raises or self.clears or self.arm or not self.before)


class Clears(msgspec.Struct, frozen=True, kw_only=True):
    """An alert's end; `unwatched` is the reason where nothing says that the trouble is over."""

    at: datetime
    unwatched: str = ""


class HeartbeatRecords:
    """Reads and writes heartbeats."""

    def __init__(self, database: Database, *, ask_triage: AskTriage) -> None:
        """Serve one database; `ask_triage` gives the row to write with an alert's change."""
        self._database = database
        self._ask_triage = ask_triage

    def all(self) -> dict[str, Kept]:
        """Give every heartbeat by name."""
        with self._database.read() as tx:
            rows = tx.execute(select(t.heartbeat)).all()
        return {
            row.name: Kept(
                state=_state(row.state),
                version=row.version,
                provisioned=_declared(row.provisioned) if row.provisioned else None,
            )
            for row in rows
        }

    def pings(self, name: str) -> list[KeptPing]:
        """Give the pings that are kept of a heartbeat, newest first."""
        ring = t.heartbeat_ping
        query = select(ring.c.record, ring.c.body).where(ring.c.heartbeat == name)
        with self._database.read() as tx:
            rows = tx.execute(query.order_by(ring.c.number.desc())).all()
        return [msgspec.structs.replace(_ping(row.record), body=row.body) for row in rows]

    def durations(self) -> dict[str, list[float]]:
        """Give how long the last runs of each heartbeat took, oldest first."""
        ring = t.heartbeat_ping
        query = select(ring.c.heartbeat, ring.c.record).order_by(ring.c.heartbeat, ring.c.number)
        found: dict[str, list[float]] = {}
        with self._database.read() as tx:
            for row in tx.execute(query):
                took_s = _ping(row.record).took_s
                if took_s is not None:
                    found.setdefault(row.heartbeat, []).append(took_s)
        return found

    def timers(self) -> dict[str, datetime]:
        """Give when the timer of each heartbeat goes off."""
        query = select(t.due.c.key, t.due.c.due_at).where(t.due.c.kind == HEARTBEAT)
        with self._database.read() as tx:
            return {row.key: row.due_at for row in tx.execute(query)}

    def save(self, outcomes: Sequence[Outcome]) -> None:
        """Write a batch, all or nothing.

        Raises `Collided` where another process has written one of them since it was read, or
        holds a timer by now: read anew and judge again.
        """
        quiet = not any(outcome.visible for outcome in outcomes)
        try:
            with self._database.write(quiet=quiet) as tx:
                self._save(tx, outcomes)
        except IntegrityError as error:
            raise Collided from error

    def _save(self, tx: Connection, outcomes: Sequence[Outcome]) -> None:
        fresh = [_row(each) for each in outcomes if not each.before]
        if fresh:
            tx.execute(insert(t.heartbeat), fresh)
        known = [_row(each) | {"judged": each.before} for each in outcomes if each.before]
        # In one order everywhere, so that two processes never wait for each other.
        known.sort(key=lambda row: row["which"])
        if known and tx.execute(_rewrite(), known).rowcount != len(known):
            raise Collided
        pings = [_ping_row(outcome, ping) for outcome in outcomes for ping in outcome.pings]
        if pings:
            tx.execute(_ring(tx.dialect.name), pings)
        for outcome in outcomes:
            if outcome.visible or outcome.claim:
                self._follow(tx, outcome)

    def _follow(self, tx: Connection, outcome: Outcome) -> None:
        name = outcome.state.name
        if outcome.raises is not None:
            alert = outcome.raises
            raise_in(tx, alert, [self._ask_triage(alert.id, alert.opened_at)])
        if outcome.clears is not None:
            _clear(tx, name, outcome.clears, self._ask_triage)
        if outcome.arm is not None:
            due = HeartbeatDue(name)
            ask_in(tx, Asked(kind=HEARTBEAT, key=name, due_at=outcome.arm, payload=due))
        if outcome.claim is not None:
            again_at = outcome.again_at
            held = (
                complete_in(tx, outcome.claim)
                if again_at is None
                else defer_in(tx, outcome.claim, due_at=again_at, attempts=0)
            )
            if not held:
                raise Collided

    def remove(self, name: str, clears: Clears) -> None:
        """Forget a heartbeat with its pings and its timer, and let go of its alert."""
        with self._database.write() as tx:
            _clear(tx, name, clears, self._ask_triage)
            tx.execute(delete(t.heartbeat).where(t.heartbeat.c.name == name))
            tx.execute(delete(t.heartbeat_ping).where(t.heartbeat_ping.c.heartbeat == name))
            tx.execute(delete(t.due).where(t.due.c.kind == HEARTBEAT, t.due.c.key == name))


_state = msgspec.json.Decoder(HeartbeatState).decode
_declared = msgspec.json.Decoder(Heartbeat).decode
_ping = msgspec.json.Decoder(KeptPing).decode
_encode = msgspec.json.Encoder().encode


def _clear(tx: Connection, name: str, clears: Clears, ask_triage: AskTriage) -> None:
    cleared = clear_in(tx, HEARTBEAT, name, clears.at)
    if cleared is None:
        return
    if clears.unwatched:
        details = (*cleared.details, (UNWATCHED, clears.unwatched))
        write_in(tx, msgspec.structs.replace(cleared, details=details))
    ask_in(tx, ask_triage(cleared.id, clears.at))


def _row(outcome: Outcome) -> dict[str, Any]:
    name = outcome.state.name
    return {
        "which" if outcome.before else "name": name,
        "version": outcome.before + 1,
        "state": _encode(outcome.state),
        "provisioned": _encode(outcome.provisioned) if outcome.provisioned else None,
    }


def _ping_row(outcome: Outcome, kept: KeptPing) -> dict[str, Any]:
    return {
        "heartbeat": outcome.state.name,
        "slot": kept.number % KEPT_PINGS,
        "number": kept.number,
        "record": _encode(msgspec.structs.replace(kept, body=b"")),
        "body": kept.body,
    }


@cache
def _rewrite() -> Executable:
    """Build once the writing of a state over the version that was judged."""
    return (
        update(t.heartbeat)
        .where(
            t.heartbeat.c.name == bindparam("which"),
            t.heartbeat.c.version == bindparam("judged"),
        )
        .values(
            version=bindparam("version"),
            state=bindparam("state"),
            provisioned=bindparam("provisioned"),
        )
    )


@cache
def _ring(dialect: str) -> Executable:
    """Build once the writing of a ping over the one a hundred before it."""
    into = (sqlite if dialect == "sqlite" else postgresql).insert(t.heartbeat_ping)
    over: Executable = into.on_conflict_do_update(
        index_elements=[t.heartbeat_ping.c.heartbeat, t.heartbeat_ping.c.slot],
        set_={name: into.excluded[name] for name in ("number", "record", "body")},
    )
    return over
