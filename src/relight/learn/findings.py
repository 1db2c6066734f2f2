"""What the record alone shows to have gone well or badly, against what the severity asks for."""

from collections.abc import Iterator

from relight.incident.state import Incident
from relight.kernel.period import write_duration
from relight.learn.markdown import cite, plain, table
from relight.learn.record import Fact, Record

UNKNOWN = "unknown"


def went_well(incident: Incident, record: Record) -> Iterator[str]:
    """Give the facts in favour."""
    for what, fact, asked_s in _asked(incident, record):
        if fact and asked_s is not None and _after_s(record, fact) <= asked_s:
            yield (
                f"{what} {_after(record, fact)} after it was noticed; {incident.severity} asks for"
                f" {write_duration(asked_s)} {cite(fact.seq)}."
            )
    taken = [line.outcomes[-1].seq for line in record.pages if line.came_to == "taken"]
    if taken and not any(line.came_to in {"failed", "unknown"} for line in record.pages):
        count = _count(len(taken), "page was", "pages were")
        yield f"{count} taken, and none was lost {cite(*taken)}."
    if record.verdict:
        yield (
            "The evidence was judged"
            f" {_after(record, record.verdict)} after it was noticed {cite(record.verdict.seq)}."
        )
    if record.resolved and incident.gate and incident.gate.passed:
        yield f"It was resolved on data: every criterion was met {cite(record.resolved.seq)}."


def went_badly(incident: Incident, record: Record) -> Iterator[str]:
    """Give the facts against, without saying whose they are."""
    for what, fact, asked_s in _asked(incident, record):
        if asked_s is None:
            continue
        asked = f"{incident.severity} asks for {write_duration(asked_s)}"
        if fact is None:
            yield f"{what}: never, as far as the record says; {asked}."
        elif _after_s(record, fact) > asked_s:
            yield f"{what} {_after(record, fact)} after it was noticed; {asked} {cite(fact.seq)}."
    lost = [line.seq for line in record.pages if line.came_to == "failed"]
    if lost:
        yield f"{_count(len(lost), 'page', 'pages')} could not be delivered {cite(*lost)}."
    untold = [line.seq for line in record.pages if line.came_to == "unknown"]
    if untold:
        count = _count(len(untold), "page", "pages")
        yield f"The record does not say what came of {count} {cite(*untold)}."
    late = [
        fact.seq for line in record.pages if line.came_to == "taken" for fact in line.outcomes[:-1]
    ]
    if late:
        count = _count(len(late), "attempt", "attempts")
        yield f"{count} failed before a page was taken {cite(*late)}."
    for fact in record.nobody_to_page:
        yield f"A round of paging reached nobody: {plain(fact.words)} {cite(fact.seq)}."
    for fact in record.relapses:
        yield f"It failed again while it was watched: {plain(fact.words)} {cite(fact.seq)}."
    for fact in record.reopenings:
        yield f"It was reopened: {plain(fact.words)} {cite(fact.seq)}."
    if record.resolved and incident.override_reason:
        yield (
            "It was resolved before the data showed recovery:"
            f" {plain(incident.override_reason)} {cite(record.resolved.seq)}."
        )


def response(incident: Incident, record: Record) -> str:
    """Lay out how long each step took, counted from the moment it was noticed."""
    rule = incident.rule
    late_s = record.detected_late_s
    noticed = UNKNOWN if late_s is None else f"{write_duration(late_s)} after it began"
    body = [["Noticed", _time(record.detected), noticed, "", cite(record.detected.seq)]]
    for what, fact, asked_s in (
        ("First page taken", record.first_page, None),
        ("Acknowledged", record.acknowledged, rule.acknowledge_s),
        ("First public notice", record.first_notice, rule.public_notice_s),
        ("Recovered", record.recovered, None),
        ("Resolved", record.resolved, None),
    ):
        body.append(
            [
                what,
                _time(fact),
                _after(record, fact) if fact else UNKNOWN,
                write_duration(asked_s) if asked_s is not None else "",
                cite(fact.seq) if fact else "",
            ]
        )
    return table(["Step", "At (UTC)", "After noticing", "Asked for", "Entry"], body)


def _asked(incident: Incident, record: Record) -> tuple[tuple[str, Fact | None, int | None], ...]:
    notice_s = None if incident.drill else incident.rule.public_notice_s
    return (
        ("Acknowledged", record.acknowledged, incident.rule.acknowledge_s),
        ("The public was told", record.first_notice, notice_s),
    )


def _after_s(record: Record, fact: Fact) -> float:
    return max(0.0, (fact.at - record.detected.at).total_seconds())


def _after(record: Record, fact: Fact) -> str:
    return write_duration(_after_s(record, fact))


def _time(fact: Fact | None) -> str:
    return f"{fact.at:%Y-%m-%d %H:%M:%S}" if fact else UNKNOWN


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
