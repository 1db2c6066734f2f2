"""The one primitive that moves everything that is due: claim, do, end. See `kernel.ledger.Due`."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningUpdate

from relight.kernel.ledger import Claim
from relight.store import tables as t
from relight.store.engine import Database


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A due row to write together with what asks for it."""

    kind: str
    key: str
    due_at: datetime
    payload: msgspec.Struct


class SqlDue:
    """Due rows on either engine. A row is held by a lease; whoever outlives its lease is fenced."""

    def __init__(self, database: Database, *, owner: str = "") -> None:
        """Serve the rows of one database. `owner` marks what this data folder's process holds."""
        self._database = database
        self._owner = owner

    def claim(
        self, kinds: Sequence[str], *, now: datetime, limit: int, lease_s: float
    ) -> list[Claim]:
        """Take due rows that nobody holds, oldest first."""
        any_free, take = _claiming(tuple(kinds))
        with self._database.read() as tx:
            if tx.execute(any_free, {"now": now}).first() is None:
                return []
        token = f"{self._owner}:{uuid.uuid4().hex}"
        wanted = {
            "now": now,
            "most": limit,
            "until": now + timedelta(seconds=lease_s),
            "taken_by": token,
        }
        with self._database.write(quiet=True) as tx:
            rows = tx.execute(take, wanted).all()
        claims = [
            Claim(
                id=row.id,
                kind=row.kind,
                key=row.key,
                due_at=row.due_at,
                attempts=row.attempts,
                payload=row.payload,
                token=token,
            )
            for row in rows
        ]
        return sorted(claims, key=lambda claim: (claim.due_at, claim.id))

    def complete(self, claim: Claim) -> bool:
        """End a row, or give it back where it was scheduled again since; False when it was lost."""
        with self._database.write(quiet=True) as tx:
            return complete_in(tx, claim)

    def defer(self, claim: Claim, *, due_at: datetime, attempts: int | None = None) -> bool:
        """Give the row back with a later time; counts one more attempt unless told a number."""
        with self._database.write(quiet=True) as tx:
            return defer_in(tx, claim, due_at=due_at, attempts=attempts)

    def settle(
        self, *, done: Sequence[Claim] = (), later: Sequence[tuple[Claim, datetime]] = ()
    ) -> None:
        """End many rows and give many back, in one transaction."""
        if not done and not later:
            return
        with self._database.write(quiet=True) as tx:
            for claim in done:
                complete_in(tx, claim)
            for claim, due_at in later:
                defer_in(tx, claim, due_at=due_at, attempts=0)

    def renew(self, claim: Claim, *, until: datetime) -> bool:
        """Hold a row longer; False when it was lost."""
        with self._database.write(quiet=True) as tx:
            return renew_in(tx, claim, until=until)

    def schedule(self, kind: str, key: str, *, due_at: datetime, payload: msgspec.Struct) -> None:
        """Make sure a row by that (kind, key) is due no later than this."""
        with self._database.write() as tx:
            schedule_in(tx, kind, key, due_at=due_at, payload=payload)

    def cancel(self, kind: str, key: str) -> None:
        """Take a row out, whether or not someone holds it."""
        with self._database.write() as tx:
            tx.execute(delete(t.due).where(t.due.c.kind == kind, t.due.c.key == key))

    def release(self) -> None:
        """Free what a dead process of the same owner held; only one at a time is alive."""
        ours = t.due.c.token.startswith(f"{self._owner}:", autoescape=True)
        with self._database.write() as tx:
            tx.execute(update(t.due).where(ours).values(lease_until=None, token=None))

    def shift(self, by: timedelta) -> None:
        """Move every row as the clock was moved, so that running delays keep their length."""
        moved = {
            each.name: type_coerce(each, BigInteger) + by // timedelta(microseconds=1)
            for each in (t.due.c.due_at, t.due.c.lease_until, t.due.c.again_at)
        }
        with self._database.write() as tx:
            tx.execute(update(t.due).values(moved))

    def keys(self, kind: str) -> set[str]:
        """Name the rows of a kind."""
        with self._database.read() as tx:
            return set(tx.execute(select(t.due.c.key).where(t.due.c.kind == kind)).scalars())

    def next_due(self, kinds: Sequence[str]) -> datetime | None:
        """Tell when the next row falls due, or the lease of a held one ends."""
        with self._database.read() as tx:
            found: datetime | None = tx.execute(_next(tuple(kinds))).scalar_one()
        return found


@cache
def _claiming(kinds: tuple[str, ...]) -> tuple[Select[int], ReturningUpdate[Any]]:
    """Build once the question whether anything is free, and the taking of it."""
    now = bindparam("now", type_=t.Moment)
    free = and_(
        t.due.c.kind.in_(kinds),
        t.due.c.due_at <= now,
        or_(t.due.c.lease_until.is_(None), t.due.c.lease_until <= now),
    )
    pick = (
        select(t.due.c.id)
        .where(free)
        .order_by(t.due.c.due_at, t.due.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("pick")  # run once; PostgreSQL may run a plain subquery again, past the limit
    )
    take = (
        update(t.due)
        .where(t.due.c.id.in_(select(pick.c.id)))
        .values(
            lease_until=bindparam("until", type_=t.Moment),
            token=bindparam("taken_by"),
            again_at=case((t.due.c.again_at <= now, null()), else_=t.due.c.again_at),
        )
        .returning(t.due)
    )
    return select(t.due.c.id).where(free).limit(1), take


@cache
def _next(kinds: tuple[str, ...]) -> Select[datetime | None]:
    leased = func.coalesce(t.due.c.lease_until, t.due.c.due_at)
    moment = case((t.due.c.due_at < leased, leased), else_=t.due.c.due_at)
    return select(func.min(moment, type_=t.Moment)).where(t.due.c.kind.in_(kinds))


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(t.due.c.id == claim.id, t.due.c.token == claim.token)


def complete_in(tx: Connection, claim: Claim) -> bool:
    """End a row within a transaction of the caller's."""
    ended = tx.execute(delete(t.due).where(_held(claim), t.due.c.again_at.is_(None)))
    if ended.rowcount:
        return True
    # Scheduled again while it was held: what was asked for then has still to be done.
    given = tx.execute(
        update(t.due)
        .where(_held(claim))
        .values(due_at=t.due.c.again_at, attempts=0, again_at=None, lease_until=None, token=None)
    )
    return given.rowcount == 1


def defer_in(
    tx: Connection, claim: Claim, *, due_at: datetime, attempts: int | None = None
) -> bool:
    """Give a row back within a transaction of the caller's."""
    at, again_at = literal(due_at, t.Moment), t.due.c.again_at
    given = tx.execute(
        update(t.due)
        .where(_held(claim))
        .values(
            due_at=case((again_at < at, again_at), else_=at),
            attempts=claim.attempts + 1 if attempts is None else attempts,
            again_at=None,
            lease_until=None,
            token=None,
        )
    )
    return given.rowcount == 1


def renew_in(tx: Connection, claim: Claim, *, until: datetime) -> bool:
    """Hold a row longer, within a transaction that is to count only while it is held."""
    held = tx.execute(update(t.due).where(_held(claim)).values(lease_until=until))
    return held.rowcount == 1


def schedule_in(
    tx: Connection, kind: str, key: str, *, due_at: datetime, payload: msgspec.Struct
) -> None:
    """Make sure a row is due no later than this, within a transaction of the caller's."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    at = literal(due_at, t.Moment)
    wanted = dialect.insert(t.due).values(fresh_row(kind, key, due_at, payload))
    held = t.due.c.token.is_not(None)
    again_at = func.coalesce(t.due.c.again_at, at)
    tx.execute(
        wanted.on_conflict_do_update(
            index_elements=[t.due.c.kind, t.due.c.key],
            set_={
                "due_at": case((and_(~held, t.due.c.due_at > at), at), else_=t.due.c.due_at),
                "again_at": case((and_(held, again_at > at), at), (held, again_at), else_=null()),
            },
        )
    )


def ask_in(tx: Connection, ask: Asked) -> None:
    """Write what was asked for, within a transaction of the caller's."""
    schedule_in(tx, ask.kind, ask.key, due_at=ask.due_at, payload=ask.payload)


def fresh_row(kind: str, key: str, due_at: datetime, payload: msgspec.Struct) -> dict[str, object]:
    """Give the columns of a row that nobody holds yet."""
    return {
        "kind": kind,
        "key": key,
        "due_at": due_at,
        "attempts": 0,
        "payload": msgspec.json.encode(payload),
    }
