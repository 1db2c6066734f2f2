"""Writes down what a story led to, for people to read and for the test to compare."""

import re
import textwrap
from collections.abc import Iterator

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.incident.timeline import Row, rows
from tests.outages.stage import Stage

_TOKEN = re.compile(r"/ack/\S+")
_NARROW = 12


def tell(stage: Stage) -> str:
    parts = [stage.script.about, *_incidents(stage), *_received(stage), *_page(stage)]
    return "\n\n".join(parts).rstrip() + "\n"


def _incidents(stage: Stage) -> Iterator[str]:
    desk = stage.house.desk
    incidents = sorted(stage.house.incidents.all(), key=lambda each: each.number)
    if not incidents:
        yield "==== No incident was declared ===="
    for incident in incidents:
        told = rows(desk.timeline(incident))
        head = (
            f"==== {incident.name}: {incident.title}, {incident.severity}, {incident.status} ===="
        )
        yield "\n".join([head, *(line for row in told for line in _row(row, incident))])
        if incident.postmortem:
            text = (stage.folder / incident.postmortem).read_text(encoding="utf-8")
            head = f"==== {incident.postmortem} ===="
            yield head + "\n" + text.replace(incident.id, "ID").rstrip()


def _row(row: Row, incident: Incident) -> Iterator[str]:
    late = f" (written at {row.recorded_at:%H:%M:%S})" if row.recorded_at != row.at else ""
    mark = {"key": "*", "normal": " ", "quiet": "."}[row.weight]
    yield f"{row.at:%H:%M:%S} {mark} #{row.seq} {row.by}: {row.sentence}{late}"
    for label, value in row.detail:
        if label != "Page":
            yield f"{'':{_NARROW}}{label}: {value.replace(incident.id, 'ID')}"
    if row.corrected:
        yield f"{'':{_NARROW}}corrected by #{row.corrected.seq}: {row.corrected.text}"


def _received(stage: Stage) -> Iterator[str]:
    """Tell the first page to each person whole, and of the others the subject and sentence."""
    rules = _rules(stage)
    parts = ["==== What people received ===="]
    known: set[str] = set()
    seen: set[str] = set()
    for each in stage.outside.received:
        again = ", the same delivery once more" if each.delivery in seen else ""
        parts.append(
            f"{each.at:%H:%M:%S} {each.by}, {rules[each.delivery]}{again}\n  {each.subject}"
        )
        text = _TOKEN.sub("/ack/TOKEN", each.text)
        for incident in stage.house.incidents.all():
            text = text.replace(incident.id, "ID")
        shown = text.rstrip() if each.by not in known else text.partition("\n")[0]
        parts.append(textwrap.indent(shown, "  | ", lambda _line: True))
        known.add(each.by)
        seen.add(each.delivery)
    yield "\n".join(parts)


def _rules(stage: Stage) -> dict[str, str]:
    """Give the rule that asked for each delivery."""
    return {
        entry.event.page: entry.event.rule
        for incident in stage.house.incidents.all()
        for entry in stage.house.desk.timeline(incident)
        if isinstance(entry.event, ev.PageRequested)
    }


def _page(stage: Stage) -> Iterator[str]:
    yield "==== The public page, each time it changed ===="
    for at, text in stage.page:
        yield f"{at:%H:%M:%S}\n" + textwrap.indent(text, "  | ")
