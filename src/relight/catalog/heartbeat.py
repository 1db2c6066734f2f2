"""Heartbeats: jobs that report in, and when the next report is expected."""

import hashlib
import hmac
import re
import uuid

import msgspec

from relight.kernel.severity import Severity

LONGEST_SLUG = 100
_SLUG = re.compile(r"[a-z0-9_-]{1,100}", re.ASCII)
_NO_SLUG = re.compile(r"[^a-z0-9_]+", re.ASCII)


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A job that says when it is done. Its silence is the alert.

    Either `cron` with `zone` says when it begins, or `every_s` how far apart its reports are.
    `grace_s` is how long a report may be late. `max_s` is how long one run may take after its
    start was reported; 0 takes the grace. `post_only` ignores GET and HEAD, which link previews
    send too. `service` is alerted where it is named.
    """

    name: str
    cron: str = ""
    zone: str = "UTC"
    every_s: int = 86400
    grace_s: int = 3600
    max_s: int = 0
    severity: Severity = Severity.S3
    service: str = ""
    post_only: bool = False

    @property
    def slug(self) -> str:
        """Name it within an address."""
        return slug_of(self.name)

    @property
    def longest_run_s(self) -> int:
        """Tell how long after a start the success must be there."""
        return self.max_s or self.grace_s


def slug_of(name: str) -> str:
    """Write a name as addresses do: `Nightly report` is `nightly-report`."""
    return _NO_SLUG.sub("-", name.lower()).strip("-")[:LONGEST_SLUG]


def is_slug(text: str) -> bool:
    """Whether a text may stand as a slug: a-z, 0-9, hyphens and underscores, at most 100."""
    return _SLUG.fullmatch(text) is not None


def ping_id(key: bytes, name: str) -> uuid.UUID:
    """Give a heartbeat's own id, which nobody without the instance's key can guess."""
    return uuid.UUID(bytes=_mac(key, f"heartbeat/{name}")[:16], version=4)


def ping_key(key: bytes) -> str:
    """Give the key before every slug: 22 characters, as a Healthchecks project's is."""
    return _mac(key, "heartbeat-key/ping").hex()[:22]


def _mac(key: bytes, subject: str) -> bytes:
    return hmac.digest(key, subject.encode(), hashlib.sha256)
