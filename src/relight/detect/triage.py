"""What an alert asks for: a new incident, an old one, or nothing; and how bad it is.

The matrix is article 000's; the steps that stand in for unknown reach are the house's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.catalog.severity_matrix import SeverityMatrix
from relight.detect.alert import CHECK, Alert
from relight.detect.grouping import OpenIncident, belongs, gathers
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.quorum import needed
from relight.detect.standing import by_route, standing, users_way
from relight.incident.status import Status
from relight.kernel.period import write_duration
from relight.kernel.severity import Severity


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Who is affected, as far as it is known. `source` says by whose count.

    `users_ratio` is a share from 0 to 1; None is unknown, which is not the same as nobody.
    """

    users_ratio: float | None = None
    paying_customers: int | None = None
    source: str


class Classified(msgspec.Struct, frozen=True):
    """A severity and the sentence that explains it."""

    severity: Severity
    reason: str


class Declare(msgspec.Struct, frozen=True, kw_only=True):
    """Begin an incident."""

    title: str
    severity: Severity
    severity_reason: str
    services: tuple[str, ...]


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """Add the alert to a live incident."""

    incident_id: str
    reason: str


class Reopen(msgspec.Struct, frozen=True, kw_only=True):
    """The incident was not over."""

    incident_id: str
    reason: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """Leave it, and say why."""

    reason: str


SETTLE_S = 2.0
"""As long as this an alert waits for how the service's other checks stand."""

PASSES_S = 10.0
"""As long as this an alert waits that may be over before anyone has read of it."""

_LOOK_AGAIN_S = 0.5
_NEARLY = 0.8
_IN_PART = "{} is failing in part"

Proposal: TypeAlias = Declare | Join | Reopen | Nothing


def settles_in_s(
    alert: Alert,
    service: Service,
    states: Mapping[str, CheckState],
    now: datetime,
    *,
    upstream: Sequence[Service] = (),
) -> float:
    """Tell how soon to look at an alert again because the other checks are not clear yet; 0 is now.

    All checks are looked at as soon as one fails. Without this pause, what is down altogether would
    be called failing in part, and nobody could tell the edge from the origin. What the service
    depends on (`upstream`) is waited for as well: it may be what fails.
    """
    own = states.get(alert.key) if alert.source == CHECK else None
    check = next((each for each in service.checks if each.key == alert.key), None)
    if alert.is_open and own and check and _may_pass(alert, own, check, now):
        return _LOOK_AGAIN_S
    began_at = (own.first_failure_at if own else None) or alert.opened_at
    left_s = SETTLE_S - (now - alert.opened_at).total_seconds()
    watched = [check for each in (service, *upstream) for check in each.checks]
    others = [states.get(check.key) for check in watched if check.key != alert.key]
    unclear = any(
        state is None
        or state.last_at is None
        or state.last_at < began_at
        or state.status is CheckStatus.SUSPECT
        for state in others
    )
    return min(left_s, _LOOK_AGAIN_S) if unclear and alert.is_open and left_s > 0 else 0.0


def _may_pass(alert: Alert, own: CheckState, check: Check, now: datetime) -> bool:
    """Whether nobody need be called yet: one more look has not failed, or has been good.

    Three lost answers in a row happen to what is well; a fourth would have to be lost too, and from
    as many vantage points as the quorum asks for.
    """
    if not own.failing:
        return False
    # What others saw a moment after belongs to the same looks that put it down.
    fresh_at = alert.opened_at + timedelta(seconds=check.confirm_s * _NEARLY)
    since = [view for view in own.views if view.last_at >= fresh_at]
    failed = sum(1 for view in since if not view.last_ok)
    if own.views and failed >= needed(check.quorum, len(own.views)):
        return False
    good = any(view.last_ok for view in since)
    return (now - alert.opened_at).total_seconds() < (PASSES_S if good else SETTLE_S)


def severity_of(
    service: Service,
    states: Mapping[str, CheckState],
    matrix: SeverityMatrix,
    reach: Reach | None,
) -> Classified:
    """Classify by who is affected, and by what the checks show.

    Known reach decides first, and the worse of both counts: a widget that does not load sends no
    beacons, so a small count never speaks against checks that all fail. Without reach: all
    direct checks failing is S1, some checks S2, a service that is not core S3. All checks on the
    users' way failing is S1 too, since then no user gets anything, however well the origin
    answers us. Where nothing measured says how bad it is, core counts as degraded (S2): unknown
    reach never lowers a severity.
    """
    by_checks = _by_checks(service, states)
    by_reach = _by_reach(matrix, reach) if reach else None
    if by_reach is None or by_checks.severity.worse_than(by_reach.severity):
        return Classified(by_checks.severity, f"{by_checks.reason}; {_reach_words(reach)}.")
    return by_reach


def grade(
    alert: Alert,
    service: Service | None,
    states: Mapping[str, CheckState],
    matrix: SeverityMatrix,
    reach: Reach | None,
) -> Classified:
    """Say how bad it is: as its source says, unless the service's own checks say worse."""
    if alert.severity is None:
        if service is None:
            return Classified(Severity.S2, f"{alert.source} says nothing of how bad it is.")
        return severity_of(service, states, matrix, reach)
    said = Classified(alert.severity, f"{alert.source} says {alert.severity}.")
    if service is None or not standing(service.checks, states).some_fail:
        return said
    seen = severity_of(service, states, matrix, reach)
    return seen if seen.severity.worse_than(said.severity) else said


def regrade(current: Severity, classified: Classified) -> Severity | None:
    """Give the new severity when it is worse than the current one; it is only ever raised."""
    return classified.severity if classified.severity.worse_than(current) else None


def propose(
    alert: Alert,
    service: Service | None,
    states: Mapping[str, CheckState],
    *,
    open_incidents: Sequence[OpenIncident],
    recently_resolved: Sequence[OpenIncident],
    matrix: SeverityMatrix,
    now: datetime,
    reach: Reach | None = None,
    began_at: datetime | None = None,
    vendors: frozenset[str] = frozenset(),
) -> Proposal:
    """Say what an alert asks for; `service` is the one it names, where it names one.

    A live incident of the same service takes it; then one resolved less than its stability period
    ago, which was not over; then a live one that it belongs to, see `grouping`. `vendors` are those
    that the service depends on and that have trouble now.
    """
    if not alert.is_open:
        return Nothing(reason=f"{alert.key} has come up again.")
    if any(alert.id in incident.alerts for incident in open_incidents):
        return Nothing(reason=f"The alert of {alert.key} is part of the incident already.")
    if service is None:
        gathered = gathers(alert.source, now, open_incidents)
        if gathered:
            return Join(incident_id=gathered.incident_id, reason=gathered.reason)
        graded = grade(alert, None, states, matrix, reach)
        return Declare(
            title=alert.title or alert.summary,
            severity=graded.severity,
            severity_reason=graded.reason,
            services=(),
        )
    same = _first_of(open_incidents, {service.name})
    if same:
        watched = same.status is Status.MONITORING
        words = "fails again while its recovery is watched" if watched else "has a live incident"
        return Join(incident_id=same.id, reason=f"{service.title} {words}.")
    unsettled = _not_over(recently_resolved, service.name, now)
    if unsettled:
        return unsettled
    found = belongs(service, began_at or alert.opened_at, open_incidents, vendors)
    if found:
        return Join(incident_id=found.incident_id, reason=found.reason)
    classified = grade(alert, service, states, matrix, reach)
    return Declare(
        title=alert.title or _title(service, states),
        severity=classified.severity,
        severity_reason=classified.reason,
        services=(service.name,),
    )


def _by_checks(service: Service, states: Mapping[str, CheckState]) -> Classified:
    checks = standing(service.checks, states)
    direct = standing(by_route(service, Route.DIRECT), states)
    users = standing(users_way(service), states)
    counted = f"{len(checks.failing)} of {len(service.checks)} checks of {service.title} fail"
    if not service.core:
        return Classified(Severity.S3, f"{service.title} is not core")
    if users.all_fail:
        return Classified(Severity.S1, f"Every check on the users' way to {service.title} fails")
    if direct.all_fail:
        return Classified(Severity.S1, f"Every direct check of {service.title} fails")
    if checks.some_fail:
        return Classified(Severity.S2, counted)
    return Classified(Severity.S2, f"No check of {service.title} shows how bad it is")


def _by_reach(matrix: SeverityMatrix, reach: Reach) -> Classified | None:
    for severity in Severity:
        rule = matrix.rule(severity)
        ratio, paying = reach.users_ratio, reach.paying_customers
        if ratio is not None and rule.users_ratio is not None:
            # "More than 30 %" for the worst, "10 to 30 %" for the next (article 000).
            worst = severity is Severity.S1
            if ratio > rule.users_ratio or (ratio == rule.users_ratio and not worst):
                return Classified(severity, f"{_share(ratio)} are affected, {_by(reach)}.")
        limit = rule.paying_customers
        if paying is not None and limit is not None and paying > limit:
            return Classified(severity, f"{paying} paying customers are affected, {_by(reach)}.")
    return None


def _reach_words(reach: Reach | None) -> str:
    known: list[str] = []
    if reach and reach.users_ratio is not None:
        known.append(_share(reach.users_ratio))
    if reach and reach.paying_customers is not None:
        known.append(f"{reach.paying_customers} paying customers")
    if reach and known:
        return f"{' and '.join(known)} known to be affected, {_by(reach)}"
    return "reach unknown"


def _share(ratio: float) -> str:
    return f"{ratio * 100:.3g} % of users"


def _by(reach: Reach) -> str:
    return f"counted by {reach.source}"


def _first_of(incidents: Iterable[OpenIncident], services: set[str]) -> OpenIncident | None:
    live = (incident for incident in incidents if incident.status.live)
    matching = [incident for incident in live if services.intersection(incident.services)]
    return min(matching, key=lambda incident: (incident.opened_at, incident.id), default=None)


def _not_over(resolved: Iterable[OpenIncident], service: str, now: datetime) -> Reopen | None:
    latest: Reopen | None = None
    latest_at: datetime | None = None
    for incident in resolved:
        at = incident.resolved_at
        if at is None or service not in incident.services:
            continue
        if now - at >= timedelta(seconds=incident.stability_s) or (latest_at and at <= latest_at):
            continue
        ago = write_duration((now - at).total_seconds())
        period = write_duration(incident.stability_s)
        latest_at = at
        latest = Reopen(
            incident_id=incident.id,
            reason=f"It fails again {ago} after it was resolved; it had to hold for {period}.",
        )
    return latest


def _title(service: Service, states: Mapping[str, CheckState]) -> str:
    down = standing(users_way(service), states).all_fail
    return f"{service.title} is down" if down else _IN_PART.format(service.title)


def better_title(title: str, service: Service, states: Mapping[str, CheckState]) -> str:
    """Give the title anew where ours said "in part" and it is down by now; else nothing."""
    is_ours = title == _IN_PART.format(service.title)
    better = _title(service, states)
    return better if is_ours and better != title else ""
