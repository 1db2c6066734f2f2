from datetime import timedelta

from msgspec.structs import replace

from relight.communicate.cadence import Owed, What, owed
from relight.incident.events import PagingPolicy
from relight.incident.state import Incident, Paging
from relight.incident.status import Audience, Status
from relight.kernel.severity import Severity
from tests.communicate.samples import NOW, ago, incident, update


def timers(of: Incident) -> dict[What, Owed]:
    return {each.what: each for each in owed(of, NOW)}


def test_a_fresh_incident_owes_an_acknowledgement_and_a_first_notice():
    found = timers(incident(began=6))
    assert list(found) == [What.ACKNOWLEDGE, What.FIRST_NOTICE]
    assert found[What.ACKNOWLEDGE].due_at == ago(5) + timedelta(minutes=15)
    assert found[What.FIRST_NOTICE].due_at == ago(5) + timedelta(minutes=10)
    assert not any(each.overdue for each in found.values())


def test_a_timer_is_overdue_from_its_due_time_on():
    assert not timers(incident(began=10.9))[What.FIRST_NOTICE].overdue
    assert timers(incident(began=11))[What.FIRST_NOTICE].overdue


def test_what_is_done_keeps_its_time_and_is_not_overdue():
    done = replace(
        incident(began=60, updates=(update(3, 58, "We look into it."),)),
        acknowledged_at=ago(2),
        acknowledged_by="sam",
    )
    found = timers(done)
    assert found[What.ACKNOWLEDGE].done_at == ago(2)
    assert found[What.FIRST_NOTICE].done_at == ago(58)
    assert not any(each.overdue for each in found.values())


def test_updates_count_from_the_last_word_to_its_audience():
    told = replace(
        incident(
            updates=(update(3, 16, "Public."), update(5, 9, "Inside.", audience=Audience.INTERNAL)),
            next_public=14,
        ),
        next_internal_at=ago(-6),
    )
    found = timers(told)
    assert (found[What.PUBLIC_UPDATE].started_at, found[What.PUBLIC_UPDATE].due_at) == (
        ago(16),
        ago(-14),
    )
    assert (found[What.INTERNAL_UPDATE].started_at, found[What.INTERNAL_UPDATE].due_at) == (
        ago(9),
        ago(-6),
    )


def test_acknowledging_counts_from_when_paging_began_anew():
    policy = PagingPolicy(steps=(), repage_s=300, version="1")
    again = replace(incident(began=600), paging=Paging(policy=policy, started_at=ago(3)))
    assert timers(again)[What.ACKNOWLEDGE].started_at == ago(3)


def test_a_drill_owes_the_public_nothing():
    assert list(timers(incident(drill=True, next_public=5))) == [What.ACKNOWLEDGE]


def test_minor_trouble_owes_nothing():
    assert timers(incident(severity=Severity.S3)) == {}


def test_after_the_end_only_the_postmortem_is_owed():
    over = incident(status=Status.RESOLVED, began=200, resolved=60 * 73)
    found = timers(over)
    assert list(found) == [What.POSTMORTEM]
    assert found[What.POSTMORTEM].overdue
    closed = replace(over, status=Status.CLOSED, closed_at=ago(5))
    assert timers(closed)[What.POSTMORTEM].done_at == ago(5)
    assert not timers(closed)[What.POSTMORTEM].overdue
