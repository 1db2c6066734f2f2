"""From the catalogue to a frozen policy, and from that to a timetable of rounds. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.person import EVERYONE, Person
from relight.catalog.severity_matrix import SeverityRule
from relight.incident.commands import PageContact
from relight.incident.events import PageStep, PagingPolicy
from relight.kernel.severity import Severity
from relight.oncall.rota import who_is_on_call

_BACKUP_AFTER_S = 5 * 60
_EVERYONE_AFTER_S = 15 * 60


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round of paging: when, whom, and the rule in words."""

    number: int
    due_at: datetime
    targets: tuple[str, ...]
    rule: str


def freeze(catalog: Catalog, rule: SeverityRule) -> PagingPolicy | None:
    """Fix who is called for a severity, from now until someone has it.

    Without `oncall` everyone is called at once. With it the first schedule is, the next after five
    minutes (for S1 at once, article 001), everyone after fifteen. A severity that does not page
    tells everyone once, by mail only (article 004); the mildest tells nobody.
    """
    if rule.severity is Severity.S4 or not catalog.people:
        return None
    if not rule.pages:
        steps: tuple[PageStep, ...] = (PageStep(0, (EVERYONE,)),)
        return PagingPolicy(steps=steps, repage_s=0, version=catalog.version, only=("email",))
    if catalog.oncall:
        urgent = rule.severity is Severity.S1
        names = [schedule.name for schedule in catalog.oncall]
        first = names[:2] if urgent else names[:1]
        later = names[len(first) :]
        steps = (
            PageStep(0, tuple(first)),
            *(PageStep(_BACKUP_AFTER_S * (n + 1), (name,)) for n, name in enumerate(later)),
            PageStep(max(_EVERYONE_AFTER_S, _BACKUP_AFTER_S * (len(later) + 1)), (EVERYONE,)),
        )
    else:
        steps = (PageStep(0, (EVERYONE,)),)
    return PagingPolicy(steps=steps, repage_s=rule.repage_s or 0, version=catalog.version)


def round_of(policy: PagingPolicy, *, started_at: datetime, turn: int, number: int) -> Round | None:
    """Give the n-th round since the start (`turn` from 0), or None where the policy ends before.

    The steps come first; after the last one its targets and all before are called again and again,
    `repage_s` apart, until someone acknowledges. A `repage_s` of 0 calls only once.
    """
    if turn < len(policy.steps):
        step = policy.steps[turn]
        due_at = started_at + timedelta(seconds=step.after_s)
        rule = f"step {turn + 1} of {len(policy.steps)}: {', '.join(step.targets)}"
        return Round(number=number, due_at=due_at, targets=step.targets, rule=rule)
    if not policy.repage_s:
        return None
    again = turn - len(policy.steps) + 1
    due_at = started_at + timedelta(seconds=policy.steps[-1].after_s + again * policy.repage_s)
    everybody = tuple(dict.fromkeys(name for step in policy.steps for name in step.targets))
    targets = (EVERYONE,) if EVERYONE in everybody else everybody
    rule = f"nobody has acknowledged, repeat {again}: {', '.join(targets)}"
    return Round(number=number, due_at=due_at, targets=targets, rule=rule)


def contacts(
    targets: tuple[str, ...], catalog: Catalog, at: datetime, *, only: tuple[str, ...] = ()
) -> tuple[PageContact, ...]:
    """Turn schedules and people into the ways to reach whoever is on call at that moment.

    Names that the catalogue no longer knows are passed over; when nobody at all can be reached
    that way, everyone is: the last resort is never silence.
    """
    people: dict[str, Person] = {}
    for target in targets:
        for person in _people(target, catalog, at):
            people[person.name] = person
    found = _reach(people.values(), only)
    return found or _reach(catalog.people, only)


def _people(target: str, catalog: Catalog, at: datetime) -> list[Person]:
    if target == EVERYONE:
        return list(catalog.people)
    for schedule in catalog.oncall:
        if schedule.name == target:
            person = catalog.person(who_is_on_call(schedule, at))
            return [person] if person else []
    person = catalog.person(target)
    return [person] if person else []


def _reach(people: Iterable[Person], only: tuple[str, ...]) -> tuple[PageContact, ...]:
    return tuple(
        PageContact(person=person.name, contact=contact, address=contact.label())
        for person in people
        for contact in person.contacts
        if not only or contact.kind in only
    )
