"""What each command leads to, and each refusal."""

from datetime import timedelta

import pytest

from relight.catalog.severity_matrix import DEFAULT
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident import refusals as no
from relight.incident.decide import decide
from relight.incident.gate import Gate
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import machine
from relight.kernel.severity import Severity
from tests.incident.given import (
    CONTACTS,
    FAILING,
    FINDING,
    ID,
    PASSED,
    POLICY,
    REBECCA,
    RULE,
    SAM,
    START,
    Story,
    alert,
    declare,
    severity,
)

RESOLVE = cmd.Resolve(gate=PASSED)
CLEAR = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1")
ACK = cmd.Acknowledge(person="Sam", via="page")
PUBLIC = cmd.PostUpdate(audience=Audience.PUBLIC, text="We look into it.")


def test_declaring_keeps_all_that_was_known_and_starts_paging():
    story = Story(declare(first_notice="We are investigating."))

    assert story.kinds() == [
        "Declared",
        "AlertJoined",
        "VerdictReached",
        "PagingStarted",
        "UpdatePosted",
        "NextUpdatePlanned",
        "NextUpdatePlanned",
    ]
    incident = story.incident
    assert (incident.id, incident.name, incident.slug) == (
        ID,
        "INC-3",
        "inc-2026-05-02-widget-is-down",
    )
    assert incident.is_paging
    assert incident.is_public
    assert incident.public_updates[0].neutral
    assert incident.next_public_at == START + timedelta(minutes=30)
    assert incident.next_internal_at == START + timedelta(minutes=15)
    assert incident.open_key == "rule:widget"


def test_declaring_by_hand_needs_only_a_title():
    bare = declare(Severity.S3, alert=None, finding=None, policy=None, services=())

    story = Story(bare, by=SAM)

    assert story.kinds() == ["Declared"]
    assert story.incident.declared_by == "Sam"
    assert story.incident.open_key is None


def test_a_title_becomes_one_line_without_control_signs():
    story = Story(declare(title="  checkout\nfails\t\x1b[31mnow\x00 "))

    assert story.incident.title == "checkout fails [31mnow"


def test_services_are_named_once():
    assert Story(declare(services=("api", "api", "web"))).incident.services == (
        "api",
        "web",
        "widget",
    )


def test_declaring_twice_or_without_words_is_refused():
    with pytest.raises(no.AlreadyDeclared):
        Story().run(declare())
    with pytest.raises(no.TextMissing):
        Story(declare(title=" \n "))


def test_nothing_can_be_asked_of_what_was_never_declared():
    with pytest.raises(no.NotDeclared):
        decide(None, ACK, START, SAM)


def test_a_known_alert_changes_nothing():
    assert Story().run(cmd.JoinAlert(alert=alert())).last == ()


def test_another_alert_joins_with_its_service_and_a_new_verdict():
    new = cmd.Finding(domain="origin", sentence="The origin fails.", certainty="likely")

    story = Story().run(cmd.JoinAlert(alert=alert(2, service="api"), finding=new), by=RULE)

    assert story.kinds() == ["AlertJoined", "VerdictReached"]
    assert story.incident.services == ("widget", "api")
    assert len(story.incident.open_alerts) == 2


def test_the_same_verdict_is_not_said_twice():
    assert Story().run(cmd.JoinAlert(alert=alert(2), finding=FINDING)).kinds() == ["AlertJoined"]


def _worse(n: int = 2) -> cmd.JoinAlert:
    return cmd.JoinAlert(
        alert=alert(n),
        severity=Severity.S1,
        severity_reason="all checks fail",
        rule=DEFAULT.rule(Severity.S1),
        policy=POLICY,
    )


def test_a_worse_alert_raises_the_severity_and_calls_people():
    story = Story(declare(Severity.S3, policy=None)).run(_worse(), by=RULE)

    assert story.kinds() == ["AlertJoined", "SeverityChanged", "NextUpdatePlanned", "PagingStarted"]
    assert story.incident.severity is Severity.S1
    assert story.incident.is_paging


def test_a_worse_alert_does_not_call_people_when_someone_has_it():
    story = Story(declare(Severity.S3, policy=None)).run(ACK).run(_worse(), by=RULE)

    assert "PagingStarted" not in story.kinds()


def test_a_milder_alert_leaves_the_severity():
    milder = cmd.JoinAlert(
        alert=alert(2),
        severity=Severity.S3,
        rule=DEFAULT.rule(Severity.S3),
    )

    assert Story().run(milder).incident.severity is Severity.S1


def test_recovery_is_seen_when_the_last_alert_clears():
    story = Story().run(cmd.JoinAlert(alert=alert(2)), by=RULE).run(CLEAR, by=RULE)
    assert story.kinds() == ["AlertCleared"]
    assert story.incident.status is Status.INVESTIGATING

    story.after(minutes=1).run(cmd.ClearAlert(alert_id="alert-2", check="widget/check-2"), by=RULE)

    assert story.kinds() == ["AlertCleared", "RecoveryObserved", "PagingStopped"]
    assert story.incident.status is Status.MONITORING
    assert story.incident.stable_at == story.now + timedelta(hours=1)


def test_an_alert_that_cleared_or_was_never_here_changes_nothing():
    assert Story().run(CLEAR).run(CLEAR).last == ()


def test_failing_again_in_monitoring_goes_back_to_investigating():
    story = Story().run(CLEAR, by=RULE).after(minutes=5).run(cmd.JoinAlert(alert=alert(2)), by=RULE)

    assert story.kinds() == ["Relapsed", "PagingStarted", "AlertJoined"]
    assert story.incident.status is Status.INVESTIGATING
    assert story.incident.recovered_at is None


def test_failing_again_calls_people_again_even_when_someone_had_it():
    story = Story().run(ACK).run(CLEAR, by=RULE).after(minutes=40)

    story.run(cmd.JoinAlert(alert=alert(2), policy=POLICY), by=RULE)

    assert story.incident.is_paging
    assert not story.incident.acknowledged_by
    assert story.incident.commander == "Sam"
    assert story.run(ACK).incident.acknowledged_by == "Sam"


def test_a_relapse_that_is_worse_calls_people_once():
    story = Story(declare(Severity.S2)).run(CLEAR, by=RULE).after(minutes=5)

    story.run(
        cmd.JoinAlert(
            alert=alert(2), severity=Severity.S1, rule=DEFAULT.rule(Severity.S1), policy=POLICY
        ),
        by=RULE,
    )

    assert story.kinds().count("PagingStarted") == 1


def test_nobody_is_called_any_more_once_every_check_answers_again():
    story = Story().run(CLEAR, by=RULE)

    assert not story.incident.is_paging
    assert story.run(cmd.RequestPages(round=1, contacts=CONTACTS, rule="step"), by=RULE).last == ()


def test_failing_again_after_a_person_said_monitoring_goes_back_too():
    story = Story().run(cmd.ChangeStatus(status=Status.MONITORING))

    assert story.run(cmd.JoinAlert(alert=alert(2))).incident.status is Status.INVESTIGATING


def test_failing_again_after_the_end_reopens_and_pages_again():
    story = Story().run(ACK).run(CLEAR).run(RESOLVE).after(minutes=5)

    story.run(cmd.JoinAlert(alert=alert(2)), by=RULE)

    assert story.kinds() == ["Reopened", "PagingStarted", "NextUpdatePlanned", "AlertJoined"]
    assert story.incident.status is Status.INVESTIGATING
    assert story.incident.acknowledged_by == ""
    assert story.incident.commander == "Sam"
    assert story.incident.is_paging


def test_reopening_for_a_worse_alert_pages_once_and_plans_by_the_worse_rule():
    story = Story(declare(Severity.S3, policy=None)).run(CLEAR).run(RESOLVE).after(minutes=5)

    story.run(_worse(), by=RULE)

    assert story.kinds().count("PagingStarted") == 1
    assert story.incident.next_internal_at == story.now + timedelta(minutes=15)


def test_an_alert_without_a_summary_can_reopen_too():
    bare = cmd.FirstAlert(alert_id="x", check="widget/x", service="widget", summary="")

    story = Story().run(CLEAR).run(RESOLVE).run(cmd.JoinAlert(alert=bare), by=RULE)

    assert isinstance(story.last[0], ev.Reopened)
    assert story.last[0].reason == "widget/x fails again."


NOTICE = "We are investigating trouble with Widget."


def test_a_public_that_was_told_it_is_over_is_told_that_it_is_not():
    story = Story(declare(first_notice=NOTICE)).run(CLEAR, by=RULE)
    story.run(cmd.Resolve(gate=PASSED, last_word="Widget works again."), by=RULE).after(minutes=5)

    story.run(cmd.JoinAlert(alert=alert(2), notice=NOTICE), by=RULE)

    word = story.incident.public_updates[-1]
    assert (word.text, word.status, word.neutral) == (NOTICE, Status.INVESTIGATING, True)
    planned = [event for event in story.last if isinstance(event, ev.NextUpdatePlanned)]
    assert [each.audience for each in planned] == [Audience.PUBLIC, Audience.INTERNAL]
    assert story.incident.next_public_at == story.now + timedelta(minutes=30)


def test_a_relapse_is_told_to_the_public_once():
    story = Story(declare(first_notice=NOTICE))
    watching = cmd.PostUpdate(
        audience=Audience.PUBLIC, text="We are watching.", status=Status.MONITORING
    )
    story.run(CLEAR, by=RULE).run(watching).after(minutes=5)
    assert story.run(cmd.JoinAlert(alert=alert(2), notice=NOTICE), by=RULE).kinds() == [
        "Relapsed",
        "PagingStarted",
        "UpdatePosted",
        "NextUpdatePlanned",
        "AlertJoined",
    ]
    story.run(cmd.ClearAlert(alert_id="alert-2", check="widget/check-2"), by=RULE)
    flapping = story.after(minutes=1).run(cmd.JoinAlert(alert=alert(3), notice=NOTICE), by=RULE)
    assert flapping.kinds() == ["Relapsed", "PagingStarted", "AlertJoined"]


def test_a_notice_is_only_for_what_seemed_over():
    story = Story(declare(first_notice=NOTICE))
    assert story.run(cmd.JoinAlert(alert=alert(2), notice=NOTICE), by=RULE).kinds() == [
        "AlertJoined"
    ]


def test_a_better_title_comes_with_the_alert():
    story = Story().run(cmd.JoinAlert(alert=alert(2), title="Widget is gone"), by=RULE)
    assert story.kinds() == ["AlertJoined", "Retitled"]
    assert story.incident.title == "Widget is gone"


@pytest.mark.parametrize(
    "end", [cmd.Decline(reason="a test"), cmd.Merge(into="other")], ids=["declined", "merged"]
)
def test_an_alert_does_not_join_what_was_no_incident(end: cmd.IncidentCommand):
    with pytest.raises(no.NotLive):
        Story().run(end).run(cmd.JoinAlert(alert=alert(2)))


def test_a_better_title_is_kept_and_the_same_refused():
    story = Story().run(cmd.Retitle(title=" Checkout \n fails"))
    assert story.incident.title == "Checkout fails"
    with pytest.raises(no.SameAsBefore):
        story.run(cmd.Retitle(title="Checkout fails"))


def test_a_severity_that_does_not_page_stops_the_calls():
    story = Story().run(severity(Severity.S3))

    assert story.kinds() == ["SeverityChanged", "PagingStopped"]
    assert not story.incident.is_paging


def test_a_severity_that_pages_starts_them_and_plans_the_next_word():
    story = Story(declare(Severity.S3, policy=None)).run(severity(Severity.S1))

    assert story.kinds() == ["SeverityChanged", "NextUpdatePlanned", "PagingStarted"]
    assert story.incident.next_internal_at == START + timedelta(minutes=15)


def test_calls_by_mail_only_become_calls_by_everything_when_it_gets_worse():
    mail = ev.PagingPolicy(steps=POLICY.steps, repage_s=0, version="v1", only=("email",))
    story = Story(declare(Severity.S3, policy=mail))
    assert story.incident.is_paging

    story.run(severity(Severity.S1))

    assert story.incident.paging is not None
    assert story.incident.paging.policy == POLICY


def test_getting_worse_while_calls_go_out_does_not_begin_them_anew():
    assert "PagingStarted" not in Story(declare(Severity.S2)).run(severity(Severity.S1)).kinds()


def test_a_promised_time_never_moves_back():
    story = Story(declare(first_notice="We are investigating."))
    promised = story.incident.next_public_at

    story.run(severity(Severity.S2))
    assert story.incident.next_public_at == promised

    story.run(cmd.PostUpdate(audience=Audience.PUBLIC, text="Still on it."))
    story.run(severity(Severity.S1))
    assert story.incident.next_public_at == START + timedelta(minutes=30)


def test_a_severity_needs_a_reason_and_a_change():
    with pytest.raises(no.SameAsBefore):
        Story().run(severity(Severity.S1))
    with pytest.raises(no.ReasonMissing):
        Story().run(
            cmd.ChangeSeverity(severity=Severity.S2, reason=" ", rule=DEFAULT.rule(Severity.S2))
        )


def test_a_person_moves_the_status_but_not_to_an_end():
    story = Story().run(cmd.ChangeStatus(status=Status.IDENTIFIED, reason="bad deploy"))
    assert story.incident.status is Status.IDENTIFIED
    with pytest.raises(no.SameAsBefore):
        story.run(cmd.ChangeStatus(status=Status.IDENTIFIED))
    with pytest.raises(no.NotLive, match="not moved to resolved"):
        story.run(cmd.ChangeStatus(status=Status.RESOLVED))


def test_a_round_pages_each_contact_once():
    ask = cmd.RequestPages(round=0, contacts=CONTACTS, rule="step 1")
    story = Story().run(ask, by=RULE)

    assert [e.page for e in story.last if isinstance(e, ev.PageRequested)] == [
        f"{ID}.0.0",
        f"{ID}.0.1",
    ]
    assert story.run(ask, by=RULE).last == ()


def test_a_round_that_reaches_nobody_says_so():
    story = Story().run(cmd.RequestPages(round=0, contacts=(), rule="step 1: backup"), by=RULE)

    assert story.last == (ev.NobodyToPage(round=0, reason="step 1: backup"),)
    assert story.incident.paging is not None
    assert story.incident.paging.rounds == 1


def test_nobody_is_paged_once_someone_has_it():
    story = Story().run(ACK)

    assert story.run(cmd.RequestPages(round=0, contacts=CONTACTS, rule="late")).last == ()


def test_what_became_of_a_page_is_kept_even_after_the_end():
    story = Story().run(CLEAR).run(RESOLVE)
    page = f"{ID}.0.0"

    story.run(cmd.RecordPageSent(page=page, attempt=1, answer="250 ok"), by=RULE)
    story.run(cmd.RecordPageFailed(page=page, attempt=2, reason="refused"), by=RULE)
    story.run(cmd.SuppressPage(page=page, reason="it is over"), by=RULE)

    assert story.incident.paging is not None
    assert (story.incident.paging.sent, story.incident.paging.failed) == (1, 1)


def test_acknowledging_stops_the_calls_and_gives_command_where_nobody_has_it():
    story = Story().run(ACK)

    assert story.kinds() == ["Acknowledged", "PagingStopped", "DutyTaken"]
    assert story.incident.acknowledged_by == story.incident.commander == "Sam"


def test_acknowledging_leaves_the_commander_there_is():
    story = Story().run(cmd.TakeDuty(duty=Duty.COMMANDER, person="Rebecca")).run(ACK)

    assert story.incident.acknowledged_by == "Sam"
    assert story.incident.commander == "Rebecca"


def test_the_first_who_acknowledges_keeps_it():
    story = Story().run(ACK).after(minutes=9)
    with pytest.raises(no.AlreadyAcknowledged, match="You have it"):
        story.run(ACK)
    with pytest.raises(no.AlreadyAcknowledged, match="Sam has it"):
        story.run(cmd.Acknowledge(person="Rebecca", via="page"), by=REBECCA)
    assert story.incident.acknowledged_at == START


def test_a_duty_is_handed_over_in_one_step():
    story = Story().run(ACK).run(cmd.TakeDuty(duty=Duty.COMMANDER, person="Rebecca"))

    assert story.last == (ev.DutyTaken(duty=Duty.COMMANDER, person="Rebecca", before="Sam"),)
    with pytest.raises(no.SameAsBefore):
        story.run(cmd.TakeDuty(duty=Duty.COMMANDER, person="Rebecca"))


def test_nobody_cannot_take_a_duty_or_have_it():
    with pytest.raises(no.PersonMissing):
        Story().run(cmd.TakeDuty(duty=Duty.COMMANDER, person=" "))
    with pytest.raises(no.PersonMissing):
        Story().run(cmd.Acknowledge(person="", via="page"))


def test_a_duty_is_laid_down_but_never_the_command():
    story = Story().run(ACK).run(cmd.TakeDuty(duty=Duty.SCRIBE, person="Rebecca"))
    assert Duty.SCRIBE not in story.run(cmd.LeaveDuty(duty=Duty.SCRIBE)).incident.duties
    with pytest.raises(no.NobodyHasDuty):
        story.run(cmd.LeaveDuty(duty=Duty.SCRIBE))
    with pytest.raises(no.CommanderMustHandOver):
        story.run(cmd.LeaveDuty(duty=Duty.COMMANDER))


def test_a_note_is_kept_as_written_and_needs_words():
    assert Story().run(cmd.AddNote(text=" one\r\ntwo ")).last == (ev.NoteAdded(text="one\ntwo"),)
    with pytest.raises(no.TextMissing):
        Story().run(cmd.AddNote(text="\n"))


def test_an_update_plans_the_next_by_the_severity_or_by_hand():
    story = Story().run(PUBLIC)
    assert story.incident.next_public_at == START + timedelta(minutes=30)

    later = START + timedelta(minutes=50)
    story.run(cmd.PostUpdate(audience=Audience.PUBLIC, text="More.", next_at=later))
    assert story.incident.next_public_at == later

    with pytest.raises(no.NotLater):
        story.run(cmd.PostUpdate(audience=Audience.PUBLIC, text="More.", next_at=START))


def test_an_update_can_move_the_status_along():
    update = cmd.PostUpdate(
        audience=Audience.INTERNAL, text="It is the deploy.", status=Status.IDENTIFIED
    )

    story = Story().run(update)

    assert story.kinds() == ["StatusChanged", "UpdatePosted", "NextUpdatePlanned"]
    assert story.incident.updates[-1].status is Status.IDENTIFIED


def test_an_update_needs_words():
    with pytest.raises(no.TextMissing):
        Story().run(cmd.PostUpdate(audience=Audience.INTERNAL, text=" "))


def test_an_update_after_the_end_plans_nothing():
    story = Story().run(CLEAR).run(RESOLVE).run(PUBLIC)

    assert story.kinds() == ["UpdatePosted"]
    assert story.incident.next_public_at is None


def test_resolving_keeps_the_gate_and_ends_the_calls():
    story = Story().run(RESOLVE)

    assert story.kinds() == ["Resolved", "PagingStopped"]
    assert story.incident.gate == PASSED
    assert story.incident.next_internal_at is None
    with pytest.raises(no.AlreadyResolved):
        story.run(RESOLVE)


def test_a_gate_that_did_not_pass_needs_a_person_and_a_reason():
    with pytest.raises(no.GateNotPassed, match="widget/through fails"):
        Story().run(cmd.Resolve(gate=FAILING))
    with pytest.raises(no.GateNotPassed):
        Story().run(cmd.Resolve(gate=FAILING, override_reason="trust me"), by=RULE)

    story = Story().run(cmd.Resolve(gate=FAILING, override_reason="the check itself is broken"))

    assert story.incident.override_reason == "the check itself is broken"
    assert story.run(cmd.Reopen(reason="it was not")).incident.override_reason == ""


def test_an_empty_gate_proves_nothing():
    with pytest.raises(no.GateNotPassed):
        Story().run(cmd.Resolve(gate=Gate()), by=RULE)


def test_what_the_public_knows_of_ends_with_a_word_to_it():
    story = Story(declare(first_notice="We are investigating.")).run(CLEAR)
    with pytest.raises(no.LastWordMissing):
        story.run(RESOLVE)

    story.run(cmd.Resolve(gate=PASSED, last_word="Widget works again."))

    assert story.incident.public_updates[-1].status is Status.RESOLVED
    assert story.incident.next_public_at is None


def test_a_rule_does_not_tell_the_public_of_what_it_never_knew():
    word = cmd.Resolve(gate=PASSED, last_word="Widget works again.")

    assert not Story().run(CLEAR).run(word, by=RULE).incident.is_public
    assert Story().run(CLEAR).run(word, by=SAM).incident.is_public


def test_reopening_plans_the_next_words_and_calls_people():
    story = Story(declare(first_notice="We are investigating.")).run(CLEAR)
    story.run(cmd.Resolve(gate=PASSED, last_word="Widget works again.")).after(hours=1)

    story.run(cmd.Reopen(reason="customers still see errors"))

    assert story.kinds() == [
        "Reopened",
        "PagingStarted",
        "NextUpdatePlanned",
        "NextUpdatePlanned",
    ]
    assert story.incident.next_public_at == story.now + timedelta(minutes=30)
    assert story.incident.next_internal_at == story.now + timedelta(minutes=15)


def test_reopening_what_was_made_mild_does_not_page_by_the_old_policy():
    story = Story().run(severity(Severity.S3)).run(CLEAR).run(RESOLVE)

    assert story.run(cmd.Reopen(reason="still odd")).kinds() == ["Reopened"]


def test_rounds_count_on_over_a_reopening():
    ask = cmd.RequestPages(round=0, contacts=CONTACTS, rule="step 1")
    story = Story().run(ask).run(CLEAR).run(RESOLVE).run(cmd.Reopen(reason="not over"))

    assert story.run(ask).last == ()
    assert story.incident.paging is not None
    assert story.incident.paging.first_round == 1


def test_only_what_ended_can_be_reopened_and_never_what_was_merged():
    with pytest.raises(no.SameAsBefore):
        Story().run(cmd.Reopen(reason="why not"))
    with pytest.raises(no.NotLive):
        Story().run(cmd.Merge(into="other")).run(cmd.Reopen(reason="why not"))
    with pytest.raises(no.ReasonMissing):
        Story().run(CLEAR).run(RESOLVE).run(cmd.Reopen(reason=""))


def test_closing_comes_after_resolving_and_once():
    with pytest.raises(no.NotEnded):
        Story().run(cmd.Close())
    story = Story().run(CLEAR).run(RESOLVE).run(cmd.Close(reason="reviewed"))
    assert story.incident.status is Status.CLOSED
    with pytest.raises(no.SameAsBefore, match="closed already"):
        story.run(cmd.Close())


def test_declining_and_merging_end_the_calls():
    assert Story().run(cmd.Decline(reason="a test")).kinds() == ["Declined", "PagingStopped"]
    assert Story().run(cmd.Merge(into="other")).kinds() == ["Merged", "PagingStopped"]
    with pytest.raises(no.MergeIntoItself):
        Story().run(cmd.Merge(into=ID))
    with pytest.raises(no.TextMissing):
        Story().run(cmd.Merge(into=" "))
    with pytest.raises(no.ReasonMissing):
        Story().run(cmd.Decline(reason=""))


def test_a_correction_stands_beside_what_it_corrects():
    story = Story().run(PUBLIC)
    seq = story.seq_of(ev.UpdatePosted)

    story.run(cmd.Correct(seq=seq, text="We look into API.", reason="wrong service"))

    original = story.entries[seq - 1].event
    assert isinstance(original, ev.UpdatePosted)
    assert original.text == "We look into it."
    update = story.incident.public_updates[0]
    assert (update.text, update.corrected) == ("We look into API.", True)


def test_correcting_a_correction_reaches_the_update():
    story = Story().run(PUBLIC)
    story.run(cmd.Correct(seq=story.seq_of(ev.UpdatePosted), text="Wrong again.", reason="typo"))

    story.run(cmd.Correct(seq=story.seq_of(ev.Corrected), text="Right.", reason="typo"))

    assert story.incident.public_updates[0].text == "Right."


def test_a_correction_needs_an_entry_words_and_a_reason():
    for seq in (0, 99):
        with pytest.raises(no.NoSuchEntry):
            Story().run(cmd.Correct(seq=seq, text="x", reason="y"))
    with pytest.raises(no.TextMissing):
        Story().run(cmd.Correct(seq=1, text="", reason="y"))
    with pytest.raises(no.ReasonMissing):
        Story().run(cmd.Correct(seq=1, text="x", reason=""))


def test_a_draft_is_recorded_once():
    draft = cmd.RecordPostmortem(path="postmortems/2026-05-02-widget-is-down.md")
    story = Story().run(CLEAR).run(RESOLVE).run(draft, by=RULE)

    assert story.incident.postmortem == draft.path
    assert story.run(draft, by=RULE).last == ()


def test_a_step_of_the_clock_is_on_the_record():
    assert Story().run(cmd.RecordClockStep(seconds=-3.5), by=RULE).last == (
        ev.ClockStepped(seconds=-3.5),
    )


@pytest.mark.parametrize(
    "command",
    [
        ACK,
        severity(Severity.S2),
        cmd.ChangeStatus(status=Status.IDENTIFIED),
        cmd.Retitle(title="Other words"),
        cmd.TakeDuty(duty=Duty.SCRIBE, person="Sam"),
        cmd.LeaveDuty(duty=Duty.SCRIBE),
        cmd.Decline(reason="x"),
        cmd.Merge(into="other"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_work_on_it_ends_with_it(command: cmd.IncidentCommand):
    with pytest.raises(no.NotLive):
        Story().run(CLEAR).run(RESOLVE).run(command)


def test_what_a_program_declares_by_token_is_not_a_rule_of_ours():
    """Nothing may watch it, so no rule resolves it, and its title is a person's words."""
    story = Story(declare(alert=None, finding=None), by=machine("deploy"))

    assert not story.incident.by_rule
    assert story.incident.open_key is None
    assert Story().incident.by_rule
