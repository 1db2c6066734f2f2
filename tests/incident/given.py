"""An incident to begin with, and a story that runs commands through decide and evolve."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from relight.catalog.severity_matrix import DEFAULT
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident.decide import decide
from relight.incident.evolve import evolve
from relight.incident.gate import Gate, GateItem
from relight.incident.state import Incident
from relight.incident.status import Audience
from relight.kernel.actor import Actor, person, rule
from relight.kernel.ledger import Entry
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity

START = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
ID = "0196d0c1-0000-7000-8000-000000000001"
RULE, SAM, REBECCA = rule("triage"), person("Sam"), person("Rebecca")

POLICY = ev.PagingPolicy(steps=(ev.PageStep(0, ("everyone",)),), repage_s=300, version="v1")
CONTACTS = (
    cmd.PageContact(
        person="Sam",
        contact=Plugged("email", {"to": "sam@example.org"}),
        address="email sam@example.org",
    ),
    cmd.PageContact(
        person="Rebecca",
        contact=Plugged("webhook", {"url": "https://hooks.example.org/r"}),
        address="webhook hooks.example.org",
    ),
)
PASSED = Gate((GateItem("up", ok=True, sentence="2 of 2 checks are up."),))
FAILING = Gate((GateItem("up", ok=False, sentence="1 of 2 checks are up; widget/through fails."),))
FINDING = cmd.Finding(
    domain="edge",
    sentence="The edge in front of Widget is failing; the origin answers directly.",
    certainty="certain",
    evidence=(ev.Evidence("widget/direct answers", "200 in 0.01 s", "widget/direct", START),),
)


def alert(n: int = 1, *, service: str = "widget") -> cmd.FirstAlert:
    return cmd.FirstAlert(
        alert_id=f"alert-{n}",
        check=f"{service}/check-{n}",
        service=service,
        summary=f"{service}/check-{n} fails: connection refused",
        reason="connection refused",
    )


def declare(severity: Severity = Severity.S1, **changes: object) -> cmd.Declare:
    usual = cmd.Declare(
        number=3,
        title="Widget is down",
        severity=severity,
        severity_reason="every check on the users' way fails; reach unknown",
        rule=DEFAULT.rule(severity),
        services=("widget",),
        alert=alert(),
        finding=FINDING,
        policy=POLICY,
    )
    return msgspec.structs.replace(usual, **changes)


def severity(to: Severity, *, policy: ev.PagingPolicy | None = POLICY) -> cmd.ChangeSeverity:
    return cmd.ChangeSeverity(
        severity=to, reason="more is known", rule=DEFAULT.rule(to), policy=policy
    )


class Story:
    """Runs commands one after the other, as the ledger does, and keeps the entries."""

    def __init__(self, first: cmd.Declare | None = None, *, by: Actor = RULE) -> None:
        self.now = START
        self.entries: list[Entry[ev.IncidentEvent]] = []
        self.state: Incident | None = None
        self.last: Sequence[ev.IncidentEvent] = ()
        self.run(first or declare(), by=by)

    @property
    def incident(self) -> Incident:
        assert self.state is not None
        return self.state

    def after(self, **length: float) -> "Story":
        self.now += timedelta(**length)
        return self

    def run(
        self, command: cmd.IncidentCommand, *, by: Actor = SAM, occurred_at: datetime | None = None
    ) -> "Story":
        self.last = decide(self.state, command, self.now, by)
        for event in self.last:
            entry = Entry(
                stream=f"incident/{ID}",
                seq=len(self.entries) + 1,
                occurred_at=occurred_at or self.now,
                recorded_at=self.now,
                by=by,
                event=event,
            )
            self.entries.append(entry)
            self.state = evolve(self.state, entry)
        return self

    def seq_of(self, kind: type[ev.Event], nth: int = 0) -> int:
        return [entry.seq for entry in self.entries if isinstance(entry.event, kind)][nth]

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.last]


def outage() -> Story:
    """Play a whole one: down at 02:03, Sam has it, back at 02:30, resolved an hour later."""
    story = Story(declare(first_notice="We are investigating trouble with Widget."))
    story.after(seconds=1).run(cmd.RequestPages(round=0, contacts=CONTACTS, rule="step 1"), by=RULE)
    page = f"{ID}.0.0"
    story.after(seconds=1).run(
        cmd.RecordPageFailed(page=page, attempt=1, reason="no route", retry_at=story.now), by=RULE
    )
    story.after(seconds=5).run(cmd.RecordPageSent(page=page, attempt=2, answer="250 ok"), by=RULE)
    story.after(minutes=2).run(cmd.Acknowledge(person="Sam", via="email"))
    story.after(minutes=9).run(
        cmd.PostUpdate(audience=Audience.PUBLIC, text="Pages load slowly.\nWe are on it.")
    )
    story.after(minutes=16).run(
        cmd.ClearAlert(alert_id="alert-1", check="widget/check-1", reason="200"), by=RULE
    )
    story.after(hours=1).run(cmd.Resolve(gate=PASSED, last_word="Widget works again."))
    return story
