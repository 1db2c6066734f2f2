"""Rows beside the ledger: how each check stands, and who this instance is."""

import secrets
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
from relight.store.alerts import clear_id_in, write_in
from relight.store.due import Asked, ask_in, defer_in
from relight.store.engine import Database

_ADMIN = "admin:"


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


def forget_commands(database: Database, *, before: datetime) -> None:
    """Drop the answers to commands so old that nobody repeats them."""
    with database.write() as tx:
        tx.execute(delete(t.command).where(t.command.c.at < before))


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one observation led to; all outcomes of a batch are written in one transaction.

    `alert` was opened, the one whose id is `clears` is cleared as of `at`; `again_at` is when the
    check is due next.
    """

    check: str
    state: CheckState
    claim: Claim
    at: datetime
    again_at: datetime
    alert: Alert | None = None
    clears: str | None = None
    asks: tuple[Asked, ...] = ()


class CheckRecords:
    """How each check stands."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database
        self._state = msgspec.json.Decoder(CheckState)

    def states(self) -> dict[str, CheckState]:
        """Give the state of every check by its key."""
        with self._database.read() as tx:
            rows = tx.execute(select(t.check_state)).all()
        return {row.check: self._state.decode(row.state) for row in rows}

    def save(self, outcomes: Sequence[Outcome]) -> None:
        """Write a batch: states, alerts, what they ask for, and when each check is due again.

        Most batches change nothing that anyone waits for; the caller tells of those that do.
        """
        with self._database.write(quiet=True) as tx:
            for outcome in outcomes:
                if not defer_in(tx, outcome.claim, due_at=outcome.again_at, attempts=0):
                    continue
                self._write_state(tx, outcome.check, outcome.state)
                if outcome.alert is not None:
                    write_in(tx, outcome.alert)
                if outcome.clears is not None:
                    clear_id_in(tx, outcome.clears, outcome.at)
                for ask in outcome.asks:
                    ask_in(tx, ask)

    def rewrite(self, change: Callable[[CheckState], CheckState]) -> None:
        """Change the state of every check in one transaction."""
        with self._database.write() as tx:
            for row in tx.execute(select(t.check_state)).all():
                self._write_state(tx, row.check, change(self._state.decode(row.state)))

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

    def _write_state(self, tx: Connection, check: str, state: CheckState) -> None:
        body = msgspec.json.encode(state)
        changed = tx.execute(
            update(t.check_state).where(t.check_state.c.check == check).values(state=body)
        )
        if not changed.rowcount:
            tx.execute(insert(t.check_state).values(check=check, state=body))
