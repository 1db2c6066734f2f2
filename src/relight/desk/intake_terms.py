"""What a delivery means here: the sender's words turned into alerts, changes and due rows."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.intake import IntakeSource
from relight.detect.alert import Alert
from relight.detect.handed import (
    LONGEST_SUMMARY,
    LONGEST_VALUE,
    Answer,
    Handed,
    Noted,
    Raised,
    Received,
    Report,
)
from relight.detect.intake import Format
from relight.detect.situation import Change
from relight.kernel.ids import uuid7
from relight.kernel.secret import MASK, Masker
from relight.store.intake import Delivered

_KEY = 32
_KEPT_BODY = 32 * 1024
_LONGEST_REPORT = 4000
_TELLING = re.compile(r"authorization|cookie|key|token|secret|signature|password", re.IGNORECASE)


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A declared source, its format built with its secrets, and its routing key."""

    source: IntakeSource
    format: Format
    key: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery ready to be written down, and the answer for when it is.

    `cleared` and `acknowledged` are keys of this source's alerts. `ask` is an id that was asked
    for, `request` the id of this request, under which `told` is kept.
    """

    sender: Sender
    at: datetime
    request: str
    answer: Answer
    raw: Delivered
    alerts: tuple[Alert, ...] = ()
    cleared: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    notes: tuple[Noted, ...] = ()
    changes: tuple[Change, ...] = ()
    reports: tuple[Report, ...] = ()
    delivery: str = ""
    told: bytes = b""
    ask: str = ""
    visit: str = ""

    @property
    def keys(self) -> set[str]:
        """Name every alert of the source that it touches."""
        noted = (each.key for each in self.notes)
        raised = (each.key for each in self.alerts)
        return {*raised, *self.cleared, *self.acknowledged, *noted}


def routing_key(instance_key: bytes, source: str) -> str:
    """Give the key of a source, 32 characters as PagerDuty's have; the same as long as its name."""
    return hmac.digest(instance_key, f"intake/{source}".encode(), hashlib.sha256).hex()[:_KEY]


def understood(
    sender: Sender, handed: Handed, received: Received, catalog: Catalog, masker: Masker
) -> Taken:
    """Turn what a format has read into what is written. Our clock counts, theirs is a detail."""
    source = sender.source
    return Taken(
        sender=sender,
        at=handed.now,
        request=handed.id,
        answer=received.answer,
        raw=as_it_came(
            sender, handed, masker, status=received.answer.status, counts=received.counts
        ),
        alerts=tuple(
            _alert(sender, each, handed, catalog=catalog, masker=masker) for each in received.raised
        ),
        cleared=received.cleared,
        acknowledged=received.acknowledged,
        notes=tuple(
            msgspec.structs.replace(each, text=masker.mask(each.text)) for each in received.notes
        ),
        changes=tuple(_change(source, each, catalog, masker) for each in received.changes),
        reports=tuple(_report(source, each, catalog, masker) for each in received.reports),
        delivery=received.delivery,
        told=received.told,
        ask=received.asks_for,
        visit=received.visit,
    )


def refused(sender: Sender, handed: Handed, answer: Answer, why: str, masker: Masker) -> Taken:
    """Keep a delivery that was not taken, so that people can see what came and why not."""
    raw = as_it_came(sender, handed, masker, status=answer.status, counts={}, why=why)
    return Taken(sender=sender, at=handed.now, request=handed.id, answer=answer, raw=raw)


def _alert(
    sender: Sender, raised: Raised, handed: Handed, *, catalog: Catalog, masker: Masker
) -> Alert:
    source, severities = sender.source, sender.format.SEVERITIES
    word = raised.word.lower()
    service = source.service or raised.labels.get(source.service_label, "")
    their_time = (("their time", raised.said_at.isoformat()),) if raised.said_at else ()
    their_word = (("their severity", raised.word),) if raised.word else ()
    return Alert(
        id=uuid7(handed.now),
        source=source.key,
        key=raised.key,
        service=service if catalog.service(service) else "",
        severity=source.severity.get(word) or severities.get(word),
        opened_at=handed.now,
        title=masker.mask(raised.title)[:LONGEST_SUMMARY],
        summary=masker.mask(raised.summary)[:LONGEST_SUMMARY],
        reason=masker.mask(raised.reason or raised.summary)[: 6 * LONGEST_VALUE],
        details=tuple(
            (name, masker.mask(value))
            for name, value in (*their_word, *their_time, *raised.details)
        ),
        links=tuple((name, masker.mask(url)) for name, url in raised.links),
    )


def _change(source: IntakeSource, change: Change, catalog: Catalog, masker: Masker) -> Change:
    service = source.service or change.service or _label(change.details, source.service_label)
    return msgspec.structs.replace(
        change,
        source=source.key,
        service=service if catalog.service(service) else "",
        summary=masker.mask(change.summary)[:LONGEST_SUMMARY],
        details=tuple((name, masker.mask(value)) for name, value in change.details),
    )


def _label(details: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for label, value in details if label == name), "")


def _report(source: IntakeSource, report: Report, catalog: Catalog, masker: Masker) -> Report:
    service = report.service or source.service
    return msgspec.structs.replace(
        report,
        service=service if catalog.service(service) else "",
        text=masker.mask(report.text)[:_LONGEST_REPORT],
        title=masker.mask(report.title)[:LONGEST_SUMMARY],
        by=report.by[:200],
    )


def as_it_came(
    sender: Sender,
    handed: Handed,
    masker: Masker,
    *,
    status: int,
    counts: Mapping[str, int],
    why: str = "",
) -> Delivered:
    """Keep a delivery without what is secret, in bounds."""

    def shown(text: str) -> str:
        return masker.mask(text.replace(sender.key, MASK))

    def harmless(pairs: Mapping[str, str]) -> dict[str, str]:
        return {
            name[:100]: MASK if _TELLING.search(name) else shown(value)[:500]
            for name, value in list(pairs.items())[:40]
        }

    text = shown(handed.body[:_KEPT_BODY].decode("utf-8", "replace")).replace("\0", "\ufffd")
    return Delivered(
        at=handed.now,
        method=handed.method,
        path=shown(handed.path)[:500],
        query=harmless(handed.query),
        headers=harmless(handed.headers),
        body=text,
        cut=len(handed.body) > _KEPT_BODY,
        status=status,
        counts=counts,
        refused=shown(why),
    )
