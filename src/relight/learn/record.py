"""Reads an incident's entries for the facts that a postmortem needs, each with its entry."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from relight.incident import events as ev
from relight.incident.status import Audience, Duty
from relight.kernel.ledger import Entry

CameTo: TypeAlias = Literal["unknown", "failed", "taken", "suppressed"]


class Fact(msgspec.Struct, frozen=True):
    """When something was so (aware UTC), and the entry that says it."""

    at: datetime
    seq: int
    words: str = ""


class PageLine(msgspec.Struct, frozen=True, kw_only=True):
    """One page and what became of it, in order; without outcomes the record has none."""

    seq: int
    request: ev.PageRequested
    outcomes: tuple[Fact, ...] = ()
    came_to: CameTo = "unknown"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The facts. None or empty is unknown: the record does not say."""

    began: Fact
    detected: Fact
    severity: Fact
    verdict: Fact | None
    first_page: Fact | None
    acknowledged: Fact | None
    first_notice: Fact | None
    recovered: Fact | None
    resolved: Fact | None
    commander: Fact | None
    alerts: tuple[Fact, ...]
    pages: tuple[PageLine, ...]
    public_updates: tuple[Fact, ...]
    internal_updates: tuple[Fact, ...]
    nobody_to_page: tuple[Fact, ...]
    relapses: tuple[Fact, ...]
    reopenings: tuple[Fact, ...]

    @property
    def detected_late_s(self) -> float | None:
        """Seconds from the beginning to noticing, or None where no earlier beginning is known."""
        late_s = (self.detected.at - self.began.at).total_seconds()
        return late_s or None


def read(entries: Sequence[Entry[ev.IncidentEvent]]) -> Record:
    """Gather the facts of a whole timeline. The first entry is its declaration."""
    first = entries[0]
    public = _facts(entries, _public_word)
    severities = _facts(entries, _severity)
    return Record(
        began=Fact(first.occurred_at, first.seq),
        detected=Fact(first.recorded_at, first.seq),
        severity=severities[-1],
        verdict=_last(_facts(entries, _verdict)),
        first_page=_first(_facts(entries, _page_taken)),
        acknowledged=_first(_facts(entries, _acknowledged)),
        first_notice=_first(public),
        recovered=_still_true(entries, ev.RecoveryObserved),
        resolved=_still_true(entries, ev.Resolved),
        commander=_last(_facts(entries, _commander)),
        alerts=_facts(entries, _alert),
        pages=_pages(entries),
        public_updates=public,
        internal_updates=_facts(entries, _internal_word),
        nobody_to_page=_facts(entries, _nobody),
        relapses=_facts(entries, _relapse),
        reopenings=_facts(entries, _reopening),
    )


def _facts(
    entries: Sequence[Entry[ev.IncidentEvent]], words: Callable[[ev.IncidentEvent], str | None]
) -> tuple[Fact, ...]:
    found = ((entry, words(entry.event)) for entry in entries)
    return tuple(Fact(e.occurred_at, e.seq, said) for e, said in found if said is not None)


def _first(facts: tuple[Fact, ...]) -> Fact | None:
    return facts[0] if facts else None


def _last(facts: tuple[Fact, ...]) -> Fact | None:
    return facts[-1] if facts else None


def _still_true(entries: Sequence[Entry[ev.IncidentEvent]], kind: type[ev.Event]) -> Fact | None:
    """Give the last entry of a kind, unless it failed again or was reopened after it."""
    found: Fact | None = None
    for entry in entries:
        if isinstance(entry.event, kind):
            found = Fact(entry.occurred_at, entry.seq)
        elif isinstance(entry.event, ev.Relapsed | ev.Reopened):
            found = None
    return found


def _severity(event: ev.IncidentEvent) -> str | None:
    if isinstance(event, ev.Declared | ev.SeverityChanged):
        return event.severity.value
    return None


def _verdict(event: ev.IncidentEvent) -> str | None:
    return event.sentence if isinstance(event, ev.VerdictReached) else None


def _page_taken(event: ev.IncidentEvent) -> str | None:
    return event.answer if isinstance(event, ev.PageSent) else None


def _acknowledged(event: ev.IncidentEvent) -> str | None:
    return event.person if isinstance(event, ev.Acknowledged) else None


def _commander(event: ev.IncidentEvent) -> str | None:
    if isinstance(event, ev.DutyTaken) and event.duty is Duty.COMMANDER:
        return event.person
    return None


def _alert(event: ev.IncidentEvent) -> str | None:
    return event.summary if isinstance(event, ev.AlertJoined | ev.AlertsJoined) else None


def _public_word(event: ev.IncidentEvent) -> str | None:
    if isinstance(event, ev.UpdatePosted) and event.audience is Audience.PUBLIC:
        return event.text
    return None


def _internal_word(event: ev.IncidentEvent) -> str | None:
    if isinstance(event, ev.UpdatePosted) and event.audience is Audience.INTERNAL:
        return event.text
    return None


def _nobody(event: ev.IncidentEvent) -> str | None:
    return event.reason if isinstance(event, ev.NobodyToPage) else None


def _relapse(event: ev.IncidentEvent) -> str | None:
    return event.reason if isinstance(event, ev.Relapsed) else None


def _reopening(event: ev.IncidentEvent) -> str | None:
    return event.reason if isinstance(event, ev.Reopened) else None


def _pages(entries: Sequence[Entry[ev.IncidentEvent]]) -> tuple[PageLine, ...]:
    lines: dict[str, PageLine] = {}
    for entry in entries:
        match entry.event:
            case ev.PageRequested() as request:
                lines[request.page] = PageLine(seq=entry.seq, request=request)
            case ev.PageSent(page=page, attempt=n, answer=answer):
                _add(lines, page, entry, f"attempt {n} was taken: {answer}", "taken")
            case ev.PageFailed(page=page, attempt=n, reason=reason):
                _add(lines, page, entry, f"attempt {n} failed: {reason}", "failed")
            case ev.PageSuppressed(page=page, reason=reason):
                _add(lines, page, entry, f"not sent: {reason}", "suppressed")
            case _:
                pass
    return tuple(lines.values())


def _add(
    lines: dict[str, PageLine],
    page: str,
    entry: Entry[ev.IncidentEvent],
    words: str,
    came_to: CameTo,
) -> None:
    line = lines.get(page)
    if line is not None:
        outcome = Fact(entry.occurred_at, entry.seq, words)
        lines[page] = msgspec.structs.replace(
            line, outcomes=(*line.outcomes, outcome), came_to=came_to
        )
