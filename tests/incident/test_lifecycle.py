"""Random commands through decide and evolve: what holds at every instant."""

from datetime import timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relight.catalog.severity_matrix import DEFAULT
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident.evolve import evolve
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.incident.summary import next_steps, plain_sentence
from relight.incident.timeline import rows
from relight.kernel.actor import Actor
from relight.kernel.faults import Refused
from relight.kernel.severity import Severity
from tests.incident.given import (
    CONTACTS,
    FAILING,
    PASSED,
    POLICY,
    REBECCA,
    SAM,
    Story,
    alert,
    declare,
    severity,
)
from tests.incident.given import RULE as TRIAGE

PEOPLE = st.sampled_from(["Sam", "Rebecca"])
WORDS = st.sampled_from(["", " ", "It is the deploy.", "<b>so</b>\n---"])
AFTER_THE_END = (
    cmd.Reopen,
    cmd.Close,
    cmd.Correct,
    cmd.PostUpdate,
    cmd.AddNote,
    cmd.JoinAlert,
    cmd.ClearAlert,
    cmd.RequestPages,
    cmd.RecordPageSent,
    cmd.RecordPageFailed,
    cmd.SuppressPage,
    cmd.RecordPostmortem,
    cmd.RecordClockStep,
)


def _joins(n: int) -> cmd.JoinAlert:
    return cmd.JoinAlert(alert=alert(n), policy=POLICY)


def _joins_as(n: int, to: Severity) -> cmd.JoinAlert:
    return cmd.JoinAlert(alert=alert(n), severity=to, rule=DEFAULT.rule(to), policy=POLICY)


def _clears(n: int) -> cmd.ClearAlert:
    return cmd.ClearAlert(alert_id=f"alert-{n}", check=f"widget/check-{n}")


COMMANDS: st.SearchStrategy[cmd.IncidentCommand] = st.one_of(
    st.builds(_joins, st.integers(1, 4)),
    st.builds(_joins_as, st.integers(1, 4), st.sampled_from(Severity)),
    st.builds(_clears, st.integers(1, 4)),
    st.builds(cmd.Retitle, title=WORDS),
    st.builds(severity, st.sampled_from(Severity), policy=st.sampled_from([None, POLICY])),
    st.builds(cmd.ChangeStatus, status=st.sampled_from(Status)),
    st.builds(
        cmd.RequestPages,
        round=st.integers(0, 6),
        contacts=st.sampled_from([(), CONTACTS]),
        rule=st.just("step"),
    ),
    st.builds(cmd.RecordPageSent, page=st.just("x.0.0"), attempt=st.just(1), answer=WORDS),
    st.builds(cmd.RecordPageFailed, page=st.just("x.0.0"), attempt=st.just(1), reason=WORDS),
    st.builds(cmd.SuppressPage, page=st.just("x.0.0"), reason=WORDS),
    st.builds(cmd.Acknowledge, person=PEOPLE, via=st.just("page")),
    st.builds(cmd.TakeDuty, duty=st.sampled_from(Duty), person=PEOPLE),
    st.builds(cmd.LeaveDuty, duty=st.sampled_from(Duty)),
    st.builds(cmd.AddNote, text=WORDS),
    st.builds(
        cmd.PostUpdate,
        audience=st.sampled_from(Audience),
        text=WORDS,
        status=st.sampled_from([None, *Status]),
    ),
    st.builds(
        cmd.Resolve,
        gate=st.sampled_from([PASSED, FAILING]),
        override_reason=WORDS,
        last_word=WORDS,
    ),
    st.builds(cmd.Reopen, reason=WORDS, policy=st.sampled_from([None, POLICY])),
    st.builds(cmd.Close, reason=WORDS),
    st.builds(cmd.Decline, reason=WORDS),
    st.builds(cmd.Merge, into=st.sampled_from(["", "another"])),
    st.builds(cmd.Correct, seq=st.integers(0, 12), text=WORDS, reason=WORDS),
    st.builds(cmd.RecordPostmortem, path=st.sampled_from(["a.md", "b.md"])),
    st.builds(cmd.RecordClockStep, seconds=st.sampled_from([-5.0, 5.0])),
)


class Lifecycle(RuleBasedStateMachine):
    """One incident under any commands in any order; refusals change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(declare(Severity.S2))
        self.had_commander = False

    @rule(
        command=COMMANDS,
        by=st.sampled_from([SAM, REBECCA, TRIAGE]),
        wait_s=st.sampled_from([0, 1, 1800]),
    )
    def ask(self, command: cmd.IncidentCommand, by: Actor, wait_s: int) -> None:
        self.story.after(seconds=wait_s)
        self.ask_for(command, by)

    def ask_for(self, command: cmd.IncidentCommand, by: Actor) -> None:
        before = self.story.incident
        try:
            self.story.run(command, by=by)
        except Refused:
            assert self.story.incident == before
            return
        if not before.live and self.story.last:
            assert isinstance(command, AFTER_THE_END)
        if not before.live and isinstance(command, cmd.RequestPages):
            assert not self.story.last
        pages = any(isinstance(event, ev.PageRequested) for event in self.story.last)
        assert not (pages and before.acknowledged_by)

    # Any command comes up rarely, so the ways that matter most have rules of their own.

    @precondition(lambda self: self.story.incident.is_paging)
    @rule(number=st.integers(0, 3), contacts=st.sampled_from([(), CONTACTS, CONTACTS]))
    def call_a_round(self, number: int, contacts: tuple[cmd.PageContact, ...]) -> None:
        self.ask_for(cmd.RequestPages(round=number, contacts=contacts, rule="step"), TRIAGE)

    @precondition(lambda self: self.story.incident.live)
    @rule()
    def acknowledge(self) -> None:
        self.ask_for(cmd.Acknowledge(person="Sam", via="page"), SAM)

    @precondition(lambda self: self.story.incident.live)
    @rule()
    def recover_and_resolve(self) -> None:
        for each in self.story.incident.open_alerts:
            self.ask_for(cmd.ClearAlert(alert_id=each.alert_id, check=each.check), TRIAGE)
        self.ask_for(cmd.Resolve(gate=PASSED, last_word="It works again."), TRIAGE)

    @precondition(lambda self: not self.story.incident.live)
    @rule()
    def reopen(self) -> None:
        self.ask_for(cmd.Reopen(reason="it was not over", policy=POLICY), REBECCA)

    @precondition(lambda self: not self.story.incident.live)
    @rule()
    def page_after_the_end(self) -> None:
        assert self.story.run(cmd.RequestPages(round=99, contacts=CONTACTS, rule="x")).last == ()

    def teardown(self) -> None:
        replayed: Incident | None = None
        for entry in self.story.entries:
            replayed = evolve(replayed, entry)
        assert replayed == self.story.incident
        row = msgspec.json.encode(replayed)
        assert msgspec.json.decode(row, type=Incident) == replayed
        told = rows(self.story.entries)
        assert [row.seq for row in told] == [entry.seq for entry in self.story.entries]
        assert all(row.sentence.strip() and "\n" not in row.sentence for row in told)

    @invariant()
    def one_commander_once_there_is_one(self) -> None:
        commander = self.story.incident.commander
        assert commander or not self.had_commander
        assert commander or not self.story.incident.acknowledged_by
        self.had_commander = bool(commander)

    @invariant()
    def pages_have_names_of_their_own(self) -> None:
        events = [entry.event for entry in self.story.entries]
        pages = [event.page for event in events if isinstance(event, ev.PageRequested)]
        assert len(pages) == len(set(pages))

    @invariant()
    def what_ended_owes_no_word_and_calls_nobody(self) -> None:
        incident = self.story.incident
        if not incident.live:
            assert incident.next_public_at is None
            assert incident.next_internal_at is None
            assert not incident.is_paging
        if incident.acknowledged_by:
            assert not incident.is_paging

    @invariant()
    def monitoring_means_no_alert_is_open_unless_a_person_said_so(self) -> None:
        incident = self.story.incident
        if incident.live and incident.recovered_at:
            assert not incident.open_alerts

    @invariant()
    def everything_has_words(self) -> None:
        incident, now = self.story.incident, self.story.now + timedelta(seconds=1)
        assert plain_sentence(incident, now)
        for person in (None, "Sam"):
            assert 1 <= len(next_steps(incident, person, now)) <= 3 or (
                incident.status is Status.MERGED
            )


Lifecycle.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestLifecycle = Lifecycle.TestCase
