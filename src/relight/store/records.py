"""Rows beside the ledger: how each check stands, and who this instance is."""

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from relight.detect.alert import CHECK, Alert
from relight.detect.judge import CheckState
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.store import tables as t
from relight.store.alerts import clear_id_in, raise_in
from relight.store.due import Asked, ask_in, renew_in
from relight.store.engine import Database, StoreUnavailable

_ADMIN = "admin:"
# For the drivers themselves: it is written for every check, and a statement made anew costs more.
_KEEP_STATE = {
    "sqlite": 'INSERT INTO check_state ("check", state) VALUES (?, ?)'
    ' ON CONFLICT ("check") DO UPDATE SET state = excluded.state',
    "postgresql": 'INSERT INTO check_state ("check", state) VALUES (%s, %s)'
    ' ON CONFLICT ("check") DO UPDATE SET state = excluded.state',
}


class InstanceRecord(msgspec.Struct, frozen=True):
    """Who this installation is: `id` goes into public ids, `key` signs links and never leaves."""

    id: str
    key: bytes


def load_instance(database: Database, now: datetime) -> InstanceRecord:
    """Read who we are, making it up on the first start."""
    with database.read() as tx:
        known = _instance(tx)
    if "id" not in known:
        fresh = {"id": uuid7(now), "key": secrets.token_hex(32)}
        with suppress(IntegrityError), database.write() as tx:
            rows = [{"name": name, "value": value} for name, value in fresh.items()]
            tx.execute(insert(t.instance), rows)
        # Another process may have been first; what it wrote is who we are.
        with database.read() as tx:
            known = _instance(tx)
    return InstanceRecord(known["id"], bytes.fromhex(known["key"]))


_URL = "url"
_USUAL_URL = "http://127.0.0.1:8181"


def serve_at(database: Database, url: str) -> None:
    """Remember where Relight is reached, for the links that a shell prints."""
    if served_at(database) != url:
        with database.write() as tx:
            tx.execute(delete(t.instance).where(t.instance.c.name == _URL))
            tx.execute(insert(t.instance).values(name=_URL, value=url))


def served_at(database: Database) -> str:
    """Tell where Relight was last reached; before the first time, where it usually is."""
    with database.read() as tx:
        return _instance(tx).get(_URL, _USUAL_URL)


def make_admin(database: Database, person: str) -> None:
    """Make a person admin of this installation, whatever role the kit gives them."""
    with database.write() as tx:
        if person not in _admins(tx):
            tx.execute(insert(t.instance).values(name=f"{_ADMIN}{person}", value="first sign-in"))


def admins(database: Database) -> frozenset[str]:
    """Name those who were made admin here."""
    with database.read() as tx:
        return _admins(tx)


def _admins(tx: Connection) -> frozenset[str]:
    names = tx.execute(
        select(t.instance.c.name).where(t.instance.c.name.startswith(_ADMIN, autoescape=True))
    ).scalars()
    return frozenset(name.removeprefix(_ADMIN) for name in names)


def _instance(tx: Connection) -> dict[str, str]:
    return {row.name: row.value for row in tx.execute(select(t.instance))}


def next_number(database: Database, name: str) -> int:
    """Give the next number of a series that people see (`INC-4`); a gap is harmless."""
    one_more = (
        update(t.counter)
        .where(t.counter.c.name == name)
        .values(value=t.counter.c.value + 1)
        .returning(t.counter.c.value)
    )
    while True:
        with suppress(IntegrityError), database.write() as tx:
            taken = tx.execute(one_more).scalar()
            if taken is None:
                tx.execute(insert(t.counter).values(name=name, value=1))
            return int(taken or 1)


def prove_write(database: Database) -> None:
    """Write and commit a number that nobody reads. Raises where the database takes no write."""
    mine = t.counter.c.name == "watchdog"
    with database.write(quiet=True) as tx:
        if not tx.execute(
            update(t.counter).where(mine).values(value=t.counter.c.value + 1)
        ).rowcount:
            tx.execute(insert(t.counter).values(name="watchdog", value=1))


def forget_commands(database: Database, *, before: datetime) -> None:
    """Drop the answers to commands so old that nobody repeats them."""
    with database.write() as tx:
        tx.execute(delete(t.command).where(t.command.c.at < before))


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one result led to at a moment. `lasting` says that the state must be on disk.

    `alert` was opened, or says more of the one that is open; the one whose id is `clears` is over.
    """

    check: str
    state: CheckState
    at: datetime
    lasting: bool = True
    alert: Alert | None = None
    clears: str | None = None
    asks: tuple[Asked, ...] = ()


class LeaseLost(StoreUnavailable):
    """Another process looks at the checks now."""


class CheckRecords:
    """How each check stands.

    Whoever looks at the checks `hold`s their states in memory: those are the truth, and what is on
    disk may be `LAG_S` behind where a check goes on being up. Everyone else reads what is on disk.
    """

    LAG_S = 10.0

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database
        self._state = msgspec.json.Decoder(CheckState)
        self._lock = threading.Lock()
        self._held: dict[str, CheckState] | None = None
        self._written: dict[str, datetime] = {}

    def hold(self) -> None:
        """Read every state into memory, and go on from there."""
        states = self._stored()
        with self._lock:
            self._held = states
            self._written = {key: each.last_at for key, each in states.items() if each.last_at}

    def let_go(self) -> None:
        """Forget what is in memory; another process writes the states now."""
        with self._lock:
            self._held = None

    def states(self) -> dict[str, CheckState]:
        """Give the state of every check by its key."""
        with self._lock:
            if self._held is not None:
                return dict(self._held)
        return self._stored()

    def state(self, check: str) -> CheckState:
        """Give the state of a check from memory, where they are held."""
        known = self._held.get(check) if self._held is not None else None
        return known or CheckState.fresh(check)

    def put(self, state: CheckState) -> None:
        """Remember a state; `save` writes it."""
        with self._lock:
            if self._held is not None:
                self._held[state.check] = state

    def save(self, outcomes: Sequence[Outcome], lease: Claim, *, until: datetime) -> None:
        """Write a batch in one transaction: states, alerts, what they ask for, and the lease.

        Most batches change nothing that anyone waits for; the caller tells of those that do.
        Raises `LeaseLost`, and then nothing was written.
        """
        last = {each.check: each for each in outcomes}
        lasting = {each.check for each in outcomes if each.lasting}
        states = [
            each.state for key, each in last.items() if key in lasting or self._lags(each.state)
        ]
        telling = [each for each in outcomes if each.alert or each.clears or each.asks]
        if not states and not telling:
            return
        with self._database.write(quiet=True) as tx:
            if not renew_in(tx, lease, until=until):
                raise LeaseLost
            self._write(tx, states)
            for outcome in telling:
                if outcome.alert is not None:
                    raise_in(tx, outcome.alert)
                if outcome.clears is not None:
                    clear_id_in(tx, outcome.clears, outcome.at)
                for ask in outcome.asks:
                    ask_in(tx, ask)
        self._written.update({each.check: each.last_at for each in states if each.last_at})

    def rewrite(self, change: Callable[[CheckState], CheckState]) -> None:
        """Change the state of every check in one transaction."""
        with self._lock:
            if self._held is not None:
                self._held = {key: change(each) for key, each in self._held.items()}
        states = self.states()
        with self._database.write() as tx:
            self._write(tx, list(states.values()))

    def forget(self, checks: Sequence[str], now: datetime, *, ask: Callable[[str], Asked]) -> None:
        """Drop the state of checks that are no longer declared, and clear their open alerts.

        `ask` gives the due row that follows from an alert's end; it is written with it.
        """
        with self._database.write() as tx:
            tx.execute(delete(t.check_state).where(t.check_state.c.check.in_(checks)))
            still_open = select(t.alert.c.id).where(
                t.alert.c.source == CHECK, t.alert.c.open_key.in_(checks)
            )
            for alert in list(tx.execute(still_open).scalars()):
                clear_id_in(tx, alert, now)
                ask_in(tx, ask(alert))
        with self._lock:
            for check in checks:
                self._written.pop(check, None)
                if self._held is not None:
                    self._held.pop(check, None)

    def _stored(self) -> dict[str, CheckState]:
        with self._database.read() as tx:
            rows = tx.execute(select(t.check_state)).all()
        return {row.check: self._state.decode(row.state) for row in rows}

    def _lags(self, state: CheckState) -> bool:
        written = self._written.get(state.check)
        at = state.last_at
        return at is not None and (
            written is None or abs((at - written).total_seconds()) >= self.LAG_S
        )

    def _write(self, tx: Connection, states: Sequence[CheckState]) -> None:
        if not states:
            return
        rows = [(each.check, msgspec.json.encode(each)) for each in states]
        tx.exec_driver_sql(_KEEP_STATE[tx.dialect.name], rows)
