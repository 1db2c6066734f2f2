"""Links that only we can have made: a purpose, a subject and an expiry under an HMAC."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

from relight.kernel.faults import Denied


class LinkInvalid(Denied):
    """This link is not valid."""

    hint = "Open the incident from the page you received last, or sign in."


class LinkExpired(Denied):
    """This link is too old."""

    hint = "Sign in and open the incident there."


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sign(key: bytes, purpose: str, subject: dict[str, str], expires_at: datetime) -> str:
    """Make a URL-safe token for one purpose; the subject is readable, not changeable."""
    claims = {"p": purpose, "x": int(expires_at.timestamp()), "s": subject}
    body = _b64(msgspec.json.encode(claims))
    return f"{body}.{_mac(key, purpose, body)}"


def verify(key: bytes, purpose: str, token: str, now: datetime) -> dict[str, str]:
    """Give the subject of a token made by `sign` for the same purpose.

    Raises `LinkInvalid` or `LinkExpired`. Compares in constant time.
    """
    body, _, mac = token.partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(key, purpose, body).encode()):
        raise LinkInvalid
    claims = msgspec.json.decode(
        base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=_Claims
    )
    if claims.p != purpose:
        raise LinkInvalid
    if now >= datetime.fromtimestamp(claims.x, tz=UTC):
        raise LinkExpired
    return claims.s


class _Claims(msgspec.Struct, frozen=True):
    p: str
    x: int
    s: dict[str, str]


def _mac(key: bytes, purpose: str, body: str) -> str:
    return _b64(hmac.digest(key, f"{purpose}\0{body}".encode(), hashlib.sha256))
