"""What a page says: the same few facts on every channel."""

from datetime import datetime

from relight.incident.state import Incident
from relight.incident.summary import plain_sentence
from relight.kernel.period import write_duration
from relight.notify.message import About, Detail, Kind, Message

_CHECKS_NAMED = 3


def compose(
    incident: Incident,
    *,
    delivery_id: str,
    person: str,
    url: str,
    acknowledge_url: str,
    now: datetime,
) -> Message:
    """Put into words why this person is called, and the two links that matter."""
    details = [
        *_seen(incident),
        Detail("Severity", f"{incident.severity}: {incident.severity_reason}"),
        Detail("Since", f"{incident.began_at:%H:%M:%S} UTC"),
    ]
    if incident.rule.acknowledge_s:
        details.append(Detail("Answer wanted within", write_duration(incident.rule.acknowledge_s)))
    return Message(
        delivery_id=delivery_id,
        kind=Kind.PAGE if incident.rule.pages else Kind.UPDATE,
        recipient=person,
        title=incident.title,
        sentence=plain_sentence(incident, now),
        at=now,
        severity=incident.severity,
        incident=About(id=incident.id, number=incident.name, title=incident.title),
        services=incident.services,
        url=url,
        acknowledge_url=acknowledge_url,
        details=tuple(details),
        drill=incident.drill,
    )


def _seen(incident: Incident) -> list[Detail]:
    """Give what the failing checks saw: the first thing that somebody just woken needs."""
    failing = incident.open_alerts
    seen = [Detail("Seen", alert.summary) for alert in failing[:_CHECKS_NAMED]]
    more = len(failing) - len(seen)
    if more:
        seen.append(
            Detail("Seen", f"and {more} more {'checks fail' if more > 1 else 'check fails'}")
        )
    return seen
