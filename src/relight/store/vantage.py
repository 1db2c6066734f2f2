"""Vantage points that were invited or have joined; their secrets only as digests."""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from relight.kernel.faults import Denied
from relight.kernel.secret import Secret
from relight.store import tables as t
from relight.store.engine import Database


class InviteInvalid(Denied):
    """This invitation is not valid, was used already or is too old."""

    hint = "`relight vantage invite NAME` makes a new one."


class VantageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a vantage point. Times are aware UTC, `skew_s` seconds."""

    name: str
    joined_at: datetime | None
    heard_at: datetime | None
    version: str
    skew_s: float


class VantageRecords:
    """Invites, admits and recognises vantage points."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def invite(self, name: str, now: datetime, valid_s: float) -> Secret:
        """Make a token that admits once. One that was made before is no longer valid."""
        token = Secret(secrets.token_urlsafe(32))
        values = {
            "invite_digest": _digest(token.reveal()),
            "invite_until": now + timedelta(seconds=valid_s),
        }
        with self._database.write() as tx:
            mine = update(t.vantage).where(t.vantage.c.name == name).values(**values)
            if not tx.execute(mine).rowcount:
                tx.execute(insert(t.vantage).values(name=name, version="", skew_s=0.0, **values))
        return token

    def join(self, token: str, now: datetime) -> tuple[str, Secret]:
        """Admit who holds a token, once; give the name and a key. Raises `InviteInvalid`."""
        key = Secret(secrets.token_urlsafe(32))
        invited = (t.vantage.c.invite_digest == _digest(token), t.vantage.c.invite_until > now)
        with self._database.write() as tx:
            taken = tx.execute(
                update(t.vantage)
                .where(*invited)
                .values(
                    invite_digest=None,
                    invite_until=None,
                    key_digest=_digest(key.reveal()),
                    joined_at=now,
                    heard_at=now,
                )
                .returning(t.vantage.c.name)
            ).scalar()
        if taken is None:
            raise InviteInvalid
        return str(taken), key

    def who(self, key: str) -> str | None:
        """Recognise a vantage point by its key."""
        query = select(t.vantage.c.name).where(t.vantage.c.key_digest == _digest(key))
        with self._database.read() as tx:
            return tx.execute(query).scalar()

    def heard(self, name: str, now: datetime, *, version: str, skew_s: float) -> None:
        """Note that a vantage point spoke."""
        with self._database.write(quiet=True) as tx:
            tx.execute(
                update(t.vantage)
                .where(t.vantage.c.name == name)
                .values(heard_at=now, version=version, skew_s=skew_s)
            )

    def revoke(self, name: str) -> bool:
        """Let a vantage point's key and invitation count no longer; False where there are none."""
        with self._database.write() as tx:
            return tx.execute(delete(t.vantage).where(t.vantage.c.name == name)).rowcount == 1

    def all(self) -> list[VantageRecord]:
        """List those that were invited or have joined, by name."""
        with self._database.read() as tx:
            rows = tx.execute(select(t.vantage).order_by(t.vantage.c.name)).all()
        return [_record(row) for row in rows]


def _record(row: Row[tuple[object, ...]]) -> VantageRecord:
    return VantageRecord(
        name=row.name,
        joined_at=row.joined_at,
        heard_at=row.heard_at,
        version=row.version,
        skew_s=row.skew_s,
    )


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
