"""The timetable of paging: frozen, absolute, and never silent."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.catalog import Catalog
from relight.catalog.person import Person, Schedule
from relight.catalog.severity_matrix import DEFAULT
from relight.incident.events import PageStep, PagingPolicy
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity
from relight.oncall.escalation import contacts, freeze, round_of

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)


def _person(name: str, *kinds: str) -> Person:
    reached = tuple(Plugged(kind, {"to": f"{name}@example.org"}) for kind in kinds)
    return Person(name=name, contacts=reached)


REBECCA, SAM = _person("rebecca", "email", "ntfy"), _person("sam", "email")
PRIMARY = Schedule(name="primary", starts="2026-01-05T09:00", people=("rebecca",))
BACKUP = Schedule(name="backup", starts="2026-01-05T09:00", people=("sam",))
ALONE = Catalog(name="W", version="1", people=(REBECCA, SAM))
TEAM = Catalog(name="W", version="1", people=(REBECCA, SAM), oncall=(PRIMARY, BACKUP))


def test_without_schedules_everyone_is_called_at_once() -> None:
    """What a lone maintainer would want."""
    policy = freeze(ALONE, DEFAULT.rule(Severity.S1))
    assert policy is not None
    assert policy.steps == (PageStep(0, ("everyone",)),)
    assert policy.repage_s == 300


def test_s1_calls_primary_and_backup_at_once() -> None:
    """Article 001."""
    policy = freeze(TEAM, DEFAULT.rule(Severity.S1))
    assert policy is not None
    assert policy.steps == (PageStep(0, ("primary", "backup")), PageStep(900, ("everyone",)))


def test_s2_calls_the_backup_after_five_minutes() -> None:
    """First schedule at once, next after 5 min, everyone after 15."""
    policy = freeze(TEAM, DEFAULT.rule(Severity.S2))
    assert policy is not None
    assert [step.after_s for step in policy.steps] == [0, 300, 900]


def test_s3_tells_everyone_once_by_mail() -> None:
    """Article 004: page only if actionable."""
    policy = freeze(TEAM, DEFAULT.rule(Severity.S3))
    assert policy is not None
    assert policy.only == ("email",)
    first = round_of(policy, started_at=NOW, turn=0, number=0)
    assert first is not None
    assert round_of(policy, started_at=NOW, turn=1, number=1) is None
    reached = contacts(first.targets, TEAM, NOW, only=policy.only)
    assert [each.contact.kind for each in reached] == ["email", "email"]


def test_s4_calls_nobody() -> None:
    """A log line is no reason to wake anyone."""
    assert freeze(TEAM, DEFAULT.rule(Severity.S4)) is None


def test_a_schedule_reaches_whoever_is_on_call_then() -> None:
    """The policy is frozen, the person is asked for when the round begins."""
    assert {each.person for each in contacts(("primary",), TEAM, NOW)} == {"rebecca"}


def test_the_last_resort_is_never_silence() -> None:
    """A target that the catalogue no longer knows reaches everyone."""
    assert {each.person for each in contacts(("gone",), TEAM, NOW)} == {"rebecca", "sam"}


def test_addresses_show_no_secret_part_of_a_url() -> None:
    """Only the host of a URL is for people's eyes."""
    hooked = Person(
        name="kim", contacts=(Plugged("webhook", {"url": "https://u:pw@hooks.example.org/s3cret"}),)
    )
    reached = contacts(("kim",), Catalog(name="W", version="1", people=(hooked,)), NOW)
    assert [each.address for each in reached] == ["webhook hooks.example.org"]


@given(
    steps=st.lists(st.integers(0, 3600), min_size=1, max_size=4).map(sorted),
    repage=st.integers(1, 900),
    turns=st.integers(2, 30),
)
def test_rounds_go_on_in_order_until_someone_has_it(
    steps: list[int], repage: int, turns: int
) -> None:
    """Every round has a time, none lies before the one before, and there is always a next."""
    policy = PagingPolicy(
        steps=tuple(PageStep(after, ("primary",)) for after in steps), repage_s=repage, version="1"
    )
    rounds = [round_of(policy, started_at=NOW, turn=n, number=n) for n in range(turns)]
    due = [each.due_at for each in rounds if each]
    assert len(due) == turns
    assert due == sorted(due)
    assert due[0] == NOW + timedelta(seconds=steps[0])
