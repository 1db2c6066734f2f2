"""Names for things: sortable ids inside, short ids for people and for the public page."""

import hashlib
import os
import re
import unicodedata
import uuid
from datetime import UTC, datetime


def uuid7(now: datetime) -> str:
    """Make a time-ordered id (RFC 9562, version 7) from the given time and 74 random bits."""
    milliseconds = int(now.timestamp() * 1000)
    bits = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | ((bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62 | bits & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def made_at(id: str) -> datetime:  # noqa: A002 - the field's own word
    """Tell when a version 7 id was made, to the millisecond."""
    return datetime.fromtimestamp((uuid.UUID(id).int >> 80) / 1000, tz=UTC)


def slug(text: str, *, longest: int = 48) -> str:
    """Write a title as lower-case words joined by hyphens, safe in a file name and a URL."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return words[:longest].rstrip("-") or "incident"


def incident_slug(title: str, at: datetime) -> str:
    """Name an incident's room by the convention `inc-2026-05-02-checkout-down` (article 004)."""
    return f"inc-{at:%Y-%m-%d}-{slug(title)}"


def public_id(instance: str, kind: str, name: str) -> str:
    """Give the 12 characters that the public page and its static copy use, the same on both."""
    digest = hashlib.sha256(f"{instance}\0{kind}\0{name}".encode()).hexdigest()
    return digest[:12]
