"""Drafts the postmortem from the record: the facts are filled in, the thinking is left to people.

Every fact cites its entry as `[#12]`; what the record does not say is called unknown. The sections
are those of articles 000, 001 and 004.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.catalog import Catalog
from relight.incident import events as ev
from relight.incident.state import Incident
from relight.incident.timeline import Row, rows
from relight.kernel.ledger import Entry
from relight.kernel.period import write_duration
from relight.learn import findings
from relight.learn.findings import UNKNOWN
from relight.learn.markdown import Value, cite, front_matter, plain, table, verbatim
from relight.learn.record import Fact, Record, read


class Draft(msgspec.Struct, frozen=True):
    """A document and where it belongs, relative to the kit folder."""

    path: str
    text: str


def draft(
    incident: Incident, entries: Sequence[Entry[ev.IncidentEvent]], catalog: Catalog, now: datetime
) -> Draft:
    """Write the draft from all entries of an incident, as the record stands now."""
    record = read(entries)
    told = {row.seq: row for row in rows(entries)}
    sections = (
        ("Summary", _summary(incident, record, catalog)),
        ("Impact", [_bullets(_impact(incident, record, catalog))]),
        ("Timeline", ["T counts from the beginning.", _timeline(told)]),
        ("Verdict and evidence", _evidence(entries)),
        ("Root cause", [_to_write("what in the system made this happen, step by step")]),
        ("Contributing factors", [_to_write("what let the cause become an outage")]),
        ("What went well", [_bullets(findings.went_well(incident, record))]),
        ("What did not go well", [_bullets(findings.went_badly(incident, record))]),
        (
            "Detection and response",
            [
                findings.response(incident, record),
                _to_write("what could have noticed it sooner, and which steps were missing"),
            ],
        ),
        (
            "SLA impact",
            [
                f"Agreements touched: {UNKNOWN}. Credits owed: {UNKNOWN}.",
                _to_write("which agreements were touched, and what that costs"),
            ],
        ),
        ("Action items", [table(["Action", "Owner", "Due"], [[_to_write("one step"), "", ""]])]),
        ("Lessons learned", [_to_write("what we know now that we did not know before")]),
        ("Appendix: messages sent", _messages(told, record)),
        ("Appendix: pages", [_ledger(record)]),
    )
    note = (
        f"A draft from the record as it stood at {_time(now)}; all times in UTC. `[#12]` names an"
        " entry of the timeline. Look at the system, not at people."
    )
    paragraphs = [f"# {incident.name}: {plain(incident.title)}", note]
    for title, content in sections:
        paragraphs += [f"## {title}", *content]
    head = front_matter(_head(incident, record))
    return Draft(_path(incident), head + "\n" + "\n\n".join(paragraphs) + "\n")


def free_path(path: str, taken: Collection[str], *, number: int) -> str:
    """Give a path that is not taken: the draft's own, else one that ends in `-inc-3`, and so on.

    What lies at a taken path belongs to people; it is never written over.
    """
    stem = path.removesuffix(".md")
    free, n = path, 1
    while free in taken:
        free = f"{stem}-inc-{number}.md" if n == 1 else f"{stem}-inc-{number}-{n}.md"
        n += 1
    return free


def _path(incident: Incident) -> str:
    return f"postmortems/{incident.slug.removeprefix('inc-')}.md"


def _head(incident: Incident, record: Record) -> dict[str, Value]:
    head: dict[str, Value] = {
        "incident": incident.id,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity.value,
        "status": "draft",
        "began": _stamp(record.began),
        "detected": _stamp(record.detected),
        "acknowledged": _stamp(record.acknowledged),
        "recovered": _stamp(record.recovered),
        "resolved": _stamp(record.resolved),
        "duration": _duration(record),
        "services": list(incident.services),
        "commander": incident.commander or UNKNOWN,
        "due": _due(incident, record),
        "customers": UNKNOWN,
    }
    return head | {"drill": True} if incident.drill else head


def _due(incident: Incident, record: Record) -> str:
    if incident.rule.postmortem_s is None:
        return "none"
    if record.resolved is None:
        return UNKNOWN
    due = record.resolved.at + timedelta(seconds=incident.rule.postmortem_s)
    return f"{due:%Y-%m-%dT%H:%M:%SZ}"


def _duration(record: Record) -> str:
    end = record.recovered or record.resolved
    return write_duration((end.at - record.began.at).total_seconds()) if end else UNKNOWN


def _summary(incident: Incident, record: Record, catalog: Catalog) -> Iterator[str]:
    affected = _services(incident, catalog) or "services that the record does not name"
    yield " ".join(
        (
            f"{incident.name} ({plain(incident.title)}) affected {affected}.",
            f"It began at {_time(record.began.at)} {cite(record.began.seq)}.",
            _fact("Every check answered again at {at}", record.recovered, "When it recovered"),
            _fact("It was resolved at {at}", record.resolved, "When it was resolved"),
            _fact("The evidence said: {words}", record.verdict, "Which part failed"),
            _fact("{words} had command", record.commander, "Who had command"),
        )
    )
    yield _to_write("one paragraph that a reader who does not know the system understands")


def _impact(incident: Incident, record: Record, catalog: Catalog) -> Iterator[str]:
    end = record.recovered or record.resolved
    until = cite(record.began.seq, *([end.seq] if end else []))
    what = "until recovery" if record.recovered else "until it was resolved"
    yield f"Duration {what}: {_duration(record)} {until}"
    why = plain(incident.severity_reason) or f"reason {UNKNOWN}"
    yield f"Severity: {incident.severity}, {why} {cite(record.severity.seq)}"
    said = cite(record.began.seq, *(fact.seq for fact in record.alerts))
    yield f"Services: {_services(incident, catalog) or UNKNOWN} {said}"
    yield f"Customers affected: {UNKNOWN}"
    yield f"Business impact: {UNKNOWN}"
    yield _counted("Alerts", [fact.seq for fact in record.alerts])
    yield _counted("Pages asked for", [line.seq for line in record.pages])
    yield _counted(
        "Pages taken", [line.outcomes[-1].seq for line in record.pages if line.came_to == "taken"]
    )
    yield _counted("Public updates", [fact.seq for fact in record.public_updates])
    yield _counted("Internal updates", [fact.seq for fact in record.internal_updates])


def _timeline(told: Mapping[int, Row]) -> str:
    began_at = told[min(told)].at
    body = [
        [
            f"{row.at:%H:%M:%S}" if row.at.date() == began_at.date() else _time(row.at),
            _offset(row.at, began_at),
            _said(row),
            plain(row.by),
            cite(row.seq),
        ]
        for row in sorted(told.values(), key=lambda row: (row.at, row.seq))
        if row.weight != "quiet"
    ]
    return table(["UTC", "T", "What", "Who", "Entry"], body)


def _said(row: Row) -> str:
    if row.corrected is None:
        return plain(row.sentence)
    right = row.corrected
    return (
        f"Corrected: {plain(right.text)} (it said: {plain(row.sentence)} Reason:"
        f" {plain(right.reason)}) {cite(right.seq)}"
    )


def _evidence(entries: Sequence[Entry[ev.IncidentEvent]]) -> Iterator[str]:
    found = False
    for entry in entries:
        if not isinstance(entry.event, ev.VerdictReached):
            continue
        found, event = True, entry.event
        yield (
            f"At {_time(entry.occurred_at)}: {plain(event.sentence)} Domain: {plain(event.domain)},"
            f" {plain(event.certainty)} {cite(entry.seq)}."
        )
        if event.evidence:
            yield table(
                ["Claim", "Figure", "Source", "At"],
                [
                    [plain(each.claim), plain(each.figure), plain(each.source), _time(each.at)]
                    for each in event.evidence
                ],
            )
    if not found:
        yield f"Which part failed: {UNKNOWN}; the record holds no verdict."


def _messages(told: Mapping[int, Row], record: Record) -> Iterator[str]:
    for fact in record.public_updates:
        yield f"At {_time(fact.at)}, to the public {cite(fact.seq)}:"
        yield verbatim(fact.words)
        right = told[fact.seq].corrected
        if right:
            yield f"Corrected at {_time(right.at)} {cite(right.seq)}:"
            yield verbatim(right.text)
    if not record.public_updates:
        yield "The public was told nothing."


def _ledger(record: Record) -> str:
    if not record.pages:
        return "Nobody was paged."
    body = [
        [
            f"Round {line.request.round + 1}",
            plain(line.request.person),
            plain(line.request.address or line.request.contact.kind),
            "; ".join(f"{plain(each.words)} {cite(each.seq)}" for each in line.outcomes)
            or f"outcome {UNKNOWN}",
            cite(line.seq),
        ]
        for line in record.pages
    ]
    return table(["Round", "Person", "By", "What came of it", "Entry"], body)


def _services(incident: Incident, catalog: Catalog) -> str:
    found = ((name, catalog.service(name)) for name in incident.services)
    return ", ".join(plain(service.title if service else name) for name, service in found)


def _fact(words: str, fact: Fact | None, otherwise: str) -> str:
    if fact is None:
        return f"{otherwise}: {UNKNOWN}."
    said = words.format(at=_time(fact.at), words=plain(fact.words).rstrip("."))
    return f"{said} {cite(fact.seq)}."


def _counted(what: str, seqs: Sequence[int]) -> str:
    return f"{what}: {len(seqs)} {cite(*seqs)}".rstrip()


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "- The record alone names nothing here."


def _to_write(what: str) -> str:
    return f"_To write: {what}._"


def _offset(at: datetime, began_at: datetime) -> str:
    seconds = (at - began_at).total_seconds()
    return f"T{'−' if seconds < 0 else '+'}{write_duration(abs(seconds))}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _stamp(fact: Fact | None) -> str:
    return f"{fact.at:%Y-%m-%dT%H:%M:%SZ}" if fact else UNKNOWN
