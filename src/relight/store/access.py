"""Who may come in: sessions, API tokens and sign-in links, stored only as SHA-256 digests.

The secrets themselves are 256 random bits, so a plain digest withstands guessing; they are given
out once and cannot be read back.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from relight.catalog.person import Role
from relight.kernel.faults import NotFound, Refused, did_you_mean
from relight.kernel.secret import Secret
from relight.store import tables as t
from relight.store.engine import Database

_USED_EVERY = timedelta(minutes=1)


class TokenNameTaken(Refused):
    """There is a token by that name."""

    hint = "Choose another name, or revoke the old token first."


class TokenNotFound(NotFound):
    """There is no such token."""


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; `used_at` is right to the minute, None before the first use."""

    name: str
    role: Role
    created_at: datetime
    used_at: datetime | None


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Someone signed in."""

    person: str
    role: Role
    expires_at: datetime


class AccessRecords:
    """Gives out secrets and recognises them again. All times aware UTC, lengths in seconds."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def new_token(self, name: str, role: Role, now: datetime) -> Secret:
        """Make an API token that lasts until it is revoked. Raises `TokenNameTaken`."""
        secret = _new()
        row = {"name": name, "role": role.value, "created_at": now}
        try:
            with self._database.write() as tx:
                tx.execute(insert(t.token).values(digest=_digest(secret.reveal()), **row))
        except IntegrityError as error:
            raise TokenNameTaken from error
        return secret

    def token_role(self, plain: str, now: datetime) -> tuple[str, Role] | None:
        """Recognise a token by its plain value and note its use, at most once a minute."""
        mine = t.token.c.digest == _digest(plain)
        with self._database.read() as tx:
            row = tx.execute(select(t.token).where(mine)).first()
        if row is None:
            return None
        if row.used_at is None or row.used_at <= now - _USED_EVERY:
            with self._database.write() as tx:
                tx.execute(update(t.token).where(mine).values(used_at=now))
        return row.name, Role(row.role)

    def revoke_token(self, name: str) -> None:
        """Let a token count no longer. Raises `TokenNotFound` with the nearest name."""
        with self._database.write() as tx:
            if tx.execute(delete(t.token).where(t.token.c.name == name)).rowcount == 1:
                return
        msg = f"There is no token `{name}`."
        raise TokenNotFound(msg, hint=did_you_mean(name, [each.name for each in self.tokens()]))

    def tokens(self) -> list[TokenRecord]:
        """List the tokens by name."""
        with self._database.read() as tx:
            rows = tx.execute(select(t.token).order_by(t.token.c.name)).all()
        return [
            TokenRecord(
                name=row.name,
                role=Role(row.role),
                created_at=row.created_at,
                used_at=row.used_at,
            )
            for row in rows
        ]

    def new_link(self, person: str, now: datetime, valid_s: float) -> Secret:
        """Make a link that signs a person in once; nobody named means it asks who you are."""
        secret = _new()
        row = {"person": person, "expires_at": now + timedelta(seconds=valid_s)}
        with self._database.write() as tx:
            tx.execute(insert(t.sign_in_link).values(digest=_digest(secret.reveal()), **row))
        return secret

    def use_link(self, plain: str, now: datetime) -> str | None:
        """Use a link up and give its person; None when it is unknown, used or too old.

        Of several at the same moment one gets the person.
        """
        taken = (
            delete(t.sign_in_link)
            .where(t.sign_in_link.c.digest == _digest(plain))
            .returning(t.sign_in_link)
        )
        with self._database.write() as tx:
            row = tx.execute(taken).first()
        return row.person if row and row.expires_at > now else None

    def new_session(self, person: str, role: Role, now: datetime, valid_s: float) -> Secret:
        """Sign a person in; the secret goes into the cookie."""
        secret = _new()
        expires_at = now + timedelta(seconds=valid_s)
        row = {"person": person, "role": role.value, "created_at": now, "expires_at": expires_at}
        with self._database.write() as tx:
            tx.execute(insert(t.session).values(digest=_digest(secret.reveal()), **row))
        return secret

    def session(self, plain: str, now: datetime) -> SessionRecord | None:
        """Recognise a session that has not run out."""
        mine = select(t.session).where(
            t.session.c.digest == _digest(plain), t.session.c.expires_at > now
        )
        with self._database.read() as tx:
            row = tx.execute(mine).first()
        if row is None:
            return None
        return SessionRecord(person=row.person, role=Role(row.role), expires_at=row.expires_at)

    def end_session(self, plain: str) -> None:
        """Sign out."""
        with self._database.write() as tx:
            tx.execute(delete(t.session).where(t.session.c.digest == _digest(plain)))

    def sweep(self, now: datetime) -> int:
        """Drop sessions and links that have run out, and tell how many."""
        with self._database.read() as tx:
            stale = tx.execute(
                select(
                    or_(
                        select(t.session).where(t.session.c.expires_at <= now).exists(),
                        select(t.sign_in_link).where(t.sign_in_link.c.expires_at <= now).exists(),
                    )
                )
            ).scalar_one()
        if not stale:
            return 0
        with self._database.write() as tx:
            return sum(
                tx.execute(delete(each).where(each.c.expires_at <= now)).rowcount
                for each in (t.session, t.sign_in_link)
            )


def _new() -> Secret:
    return Secret(secrets.token_urlsafe(32))


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
