"""The real incident record under random commands: what is stored is what its entries add up to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from relight.catalog.severity_matrix import DEFAULT
from relight.incident import commands as cmd
from relight.incident.decide import decide
from relight.incident.events import IncidentEvent, PageStep, PagingPolicy
from relight.incident.evolve import evolve
from relight.incident.gate import Gate, GateItem
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import person
from relight.kernel.actor import rule as by_rule
from relight.kernel.faults import Refused
from relight.kernel.ledger import AlreadyOpen, Executed, StreamKind
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity
from relight.store import tables as t
from relight.store.engine import Database
from relight.store.ledger import SqlLedger

INCIDENT: StreamKind[Incident, cmd.IncidentCommand, IncidentEvent] = StreamKind(
    name="incident",
    events=IncidentEvent,
    state=Incident,
    decide=decide,
    evolve=evolve,
    live=lambda incident: incident.live,
    open_key=lambda incident: incident.open_key,
    name_of=lambda incident: incident.name,
)
POLICY = PagingPolicy(steps=(PageStep(0, ("everyone",)),), repage_s=300, version="1")
PEOPLE = st.sampled_from(["rebecca", "sam"])
IDS = st.sampled_from(["one", "two", "three"])
TEXTS = st.text(max_size=8)


def alert(n: int) -> cmd.FirstAlert:
    return cmd.FirstAlert(alert_id=f"a{n}", check=f"c{n}", service="api", summary="It fails.")


COMMANDS: st.SearchStrategy[cmd.IncidentCommand] = st.one_of(
    st.builds(cmd.JoinAlert, alert=st.integers(1, 3).map(alert), policy=st.just(POLICY)),
    st.builds(cmd.ClearAlert, alert_id=st.sampled_from(["a1", "a2", "a3"]), check=st.just("c1")),
    st.builds(cmd.Acknowledge, person=PEOPLE, via=st.just("page")),
    st.builds(cmd.AddNote, text=TEXTS),
    st.builds(
        cmd.PostUpdate,
        audience=st.sampled_from(Audience),
        text=TEXTS,
        status=st.none() | st.sampled_from(Status),
        next_at=st.none(),
    ),
    st.builds(
        cmd.ChangeSeverity,
        severity=st.just(Severity.S3),
        reason=TEXTS,
        rule=st.just(DEFAULT.rule(Severity.S3)),
        policy=st.none(),
    ),
    st.builds(cmd.TakeDuty, duty=st.sampled_from(Duty), person=PEOPLE),
    st.builds(cmd.LeaveDuty, duty=st.sampled_from(Duty)),
    st.builds(
        cmd.RequestPages,
        round=st.integers(0, 2),
        rule=st.just("everyone"),
        contacts=st.just(
            (
                cmd.PageContact(
                    person="sam", contact=Plugged("webhook", {"url": "http://x"}), address="x"
                ),
            )
        ),
    ),
    st.builds(
        cmd.Resolve,
        gate=st.sampled_from(
            [
                Gate(),
                Gate((GateItem("probes", ok=True, sentence="Green for 60 min."),)),
            ]
        ),
        override_reason=TEXTS,
        last_word=TEXTS,
    ),
    st.builds(cmd.Reopen, reason=TEXTS, policy=st.none()),
    st.builds(cmd.Close, reason=TEXTS),
    st.builds(cmd.Correct, seq=st.integers(0, 9), text=TEXTS, reason=TEXTS),
)


class Incidents(RuleBasedStateMachine):
    """One database with a few incidents, and beside it what each answer said."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.ledger = SqlLedger(self.database, INCIDENT)
        self.now = datetime(2026, 5, 2, tzinfo=UTC)
        self.told: dict[str, Incident] = {}
        self.answers: list[tuple[str, cmd.IncidentCommand, Executed[Incident]]] = []

    @initialize()
    def empty(self) -> None:
        with self.database.write() as tx:
            for table in t.metadata.sorted_tables:
                tx.execute(table.delete())

    def ask(self, of: str, command: cmd.IncidentCommand, *, human: bool) -> None:
        self.now += timedelta(seconds=1)
        actor = person("rebecca") if human else by_rule("triage")
        command_id = f"c{len(self.answers)}"
        try:
            done = self.ledger.execute(of, command, by=actor, now=self.now, command_id=command_id)
        except Refused as refusal:
            if isinstance(refusal, AlreadyOpen):
                others = [each for name, each in self.told.items() if name != of]
                assert any(each.open_key for each in others)
            return
        self.answers.append((of, command, done))
        self.told[of] = done.state

    @rule(of=IDS, human=st.booleans(), paged=st.booleans())
    def declare(self, of: str, human: bool, paged: bool) -> None:
        command = cmd.Declare(
            number=len(self.told) + 1,
            title="Checkout fails",
            severity=Severity.S1,
            severity_reason="all checks fail",
            rule=DEFAULT.rule(Severity.S1),
            services=("api",),
            alert=alert(1),
            policy=POLICY if paged else None,
            first_notice="We are investigating.",
        )
        self.ask(of, command, human=human)

    @rule(of=IDS, command=COMMANDS, human=st.booleans())
    def command(self, of: str, command: cmd.IncidentCommand, human: bool) -> None:
        self.ask(of, command, human=human)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        n = data.draw(st.integers(0, len(self.answers) - 1))
        of, command, first = self.answers[n]
        again = self.ledger.execute(of, command, by=person("sam"), now=self.now, command_id=f"c{n}")
        assert again.repeated
        assert again.state == first.state
        assert (again.first_seq, again.end_seq) == (first.first_seq, first.end_seq)

    @invariant()
    def what_is_stored_is_what_was_answered_and_what_the_entries_add_up_to(self) -> None:
        for of, told in self.told.items():
            assert self.ledger.read(of) == told == self.ledger.replay(of)
            seqs = [each.seq for each in self.ledger.entries(of)]
            assert seqs == list(range(1, told.seq + 1))
            assert self.ledger.find(told.name) == told

    @invariant()
    def one_cause_has_one_open_incident(self) -> None:
        keys = [each.open_key for each in self.ledger.all() if each.open_key]
        assert len(keys) == len(set(keys))
        live = {each.id for each in self.ledger.all(live=True)}
        assert live == {of for of, each in self.told.items() if each.live}


@pytest.fixture
def machine(database: Database) -> type[Incidents]:
    Incidents.database = database
    return Incidents


def test_incidents_under_random_commands(machine: type[Incidents]):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
