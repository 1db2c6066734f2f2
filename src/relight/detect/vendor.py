"""What a reading of a vendor's feed adds to what was known, and what of it touches a service."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Service
from relight.catalog.vendor import Vendor
from relight.detect.situation import Notice, VendorStanding

KEPT = timedelta(days=1)
"""How long what has ended is still told."""
COUNTS = timedelta(hours=1)
"""How long the notices of the last good reading still count while the feed cannot be read."""
MOST = 500
_LATE = 3


class VendorReading(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a vendor, as it is kept.

    `tried_at` is the newest reading, `read_at` the newest good one; `fault` says why the newest
    failed, and `failing_since` since when none was good. `feed` marks the settings it was read
    with.
    """

    vendor: str
    feed: str
    tried_at: datetime
    read_at: datetime | None = None
    fault: str = ""
    failing_since: datetime | None = None
    notices: tuple[Notice, ...] = ()


def read_well(
    before: VendorReading | None, vendor: str, feed: str, found: Sequence[Notice], now: datetime
) -> VendorReading:
    """Add a good reading to what was known."""
    known = before.notices if before else ()
    return VendorReading(
        vendor=vendor,
        feed=feed,
        tried_at=now,
        read_at=now,
        notices=merged(known, found, now),
    )


def not_read(
    before: VendorReading | None, vendor: str, feed: str, fault: str, now: datetime
) -> VendorReading:
    """Note that the feed could not be read; what was known stays as it was."""
    before = before or VendorReading(vendor=vendor, feed=feed, tried_at=now)
    return msgspec.structs.replace(
        before, feed=feed, tried_at=now, fault=fault, failing_since=before.failing_since or now
    )


def merged(before: Iterable[Notice], found: Iterable[Notice], now: datetime) -> tuple[Notice, ...]:
    """Give what a good reading says, with what was known of the same notices before.

    Each keeps the earlier beginning. One that lasted and is not there any more has ended now;
    planned work that had not begun was called off and is left out.
    """
    known = {(each.id, each.component): each for each in before}
    fresh = {(each.id, each.component): each for each in found}
    told = [_since(each, known.get(key)) for key, each in fresh.items()]
    for key, each in known.items():
        if key in fresh or (each.ended_at is None and each.began_at > now):
            continue
        told.append(msgspec.structs.replace(each, ended_at=each.ended_at or now))
    recent = [each for each in told if each.ended_at is None or each.ended_at > now - KEPT]
    return tuple(sorted(recent, key=lambda each: each.ended_at is not None)[:MOST])


def _since(found: Notice, known: Notice | None) -> Notice:
    if known is None or found.planned or known.began_at >= found.began_at:
        return found
    return msgspec.structs.replace(found, began_at=known.began_at)


def concerns(notice: Notice, wanted: Sequence[str], aside: str = "") -> bool:
    """Tell whether a notice touches whoever uses these components; none means all.

    A notice that names no component touches everyone. What matches `aside` counts only where it is
    asked for. `Cloud SQL + europe-west4` wants both words; case does not matter.
    """
    if not notice.component:
        return True
    if not wanted:
        return not (aside and re.search(aside, notice.component))
    name = notice.component.casefold()
    return any(all(part.strip() in name for part in each.casefold().split("+")) for each in wanted)


def standing(
    vendor: Vendor,
    reading: VendorReading | None,
    now: datetime,
    *,
    service: Service | None = None,
) -> VendorStanding:
    """Tell how a vendor stands, for one service or at all. What is not known is never well."""
    if reading is None:
        return VendorStanding(vendor=vendor.name, fault="It has not been read yet.")
    read_at = reading.read_at
    wanted = service.vendor_parts.get(vendor.name, ()) if service else ()
    aside = vendor.aside if service else ""
    counts = read_at is not None and now - read_at <= COUNTS
    return VendorStanding(
        vendor=vendor.name,
        read_at=read_at,
        fault=reading.fault or _late(vendor, reading.tried_at, now),
        notices=tuple(each for each in reading.notices if concerns(each, wanted, aside))
        if counts or service is None
        else (),
    )


def _late(vendor: Vendor, tried_at: datetime, now: datetime) -> str:
    """Say that nobody has read it for so long that what it said is no longer known."""
    late = timedelta(seconds=max(_LATE * vendor.every_s, 300))
    return "It has not been read for a while." if now - tried_at > late else ""


def lasting(notices: Iterable[Notice], now: datetime) -> tuple[Notice, ...]:
    """Give those that have begun and not ended."""
    return tuple(
        each
        for each in notices
        if each.began_at <= now and (each.ended_at is None or each.ended_at > now)
    )


def begun(notices: Iterable[Notice], now: datetime) -> tuple[Notice, ...]:
    """Leave out planned work that is still to come."""
    return tuple(each for each in notices if each.began_at <= now)


def sentence(title: str, notice: Notice) -> str:
    """Write a notice as a line of the timeline."""
    part = f" of {notice.component}" if notice.component else ""
    kind = "planned work" if notice.planned else notice.state.label.lower()
    since = f"since {notice.began_at:%Y-%m-%d %H:%M} UTC"
    return f"{title} says: {notice.title} ({kind}{part}, {since}). {notice.url}".strip()
