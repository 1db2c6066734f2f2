"""Which domain failed: our origin, the edge in front of it, names, TLS; or that one cannot tell.

Article 000's first question in a CDN outage is whether the origin answers when asked directly.
A pair of checks, one through the edge and one direct, answers it without a person. Nothing is
guessed: a result too old, or older than the trouble itself, is no evidence, and it says so.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.standing import by_route, standing
from relight.incident.events import Evidence
from relight.kernel.period import write_duration

Certainty: TypeAlias = Literal["certain", "likely", "unknown"]


class Domain(StrEnum):
    """Where the trouble lies."""

    ORIGIN = "origin"
    EDGE = "edge"
    DNS = "dns"
    TLS = "tls"
    UNCLEAR = "unclear"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A domain, the sentence for people and the results it rests on.

    `certain` means seen from both sides. `likely` leaves a second explanation, such as our own
    network when both sides fail. `unknown` goes with `Domain.UNCLEAR`.
    """

    domain: Domain
    sentence: str
    evidence: tuple[Evidence, ...]
    certainty: Certainty


class _Finding(msgspec.Struct, frozen=True):
    domain: Domain
    certainty: Certainty
    sentence: str


# What a probe's reason says when no connection came about and the cause is plainly of one kind.
_PLAIN = {
    Domain.DNS: re.compile(
        r"\bDNS\b|\bname server\b|\bThe name \S+ (?:does not exist|has no address)", re.IGNORECASE
    ),
    Domain.TLS: re.compile(r"\bTLS\b|\bcertificate\b", re.IGNORECASE),
}
_PLAIN_SENTENCE = {
    Domain.DNS: "The name of {title} cannot be looked up",
    Domain.TLS: "The secure connection to {title} (TLS) is failing",
}
_WORDS = {
    CheckStatus.UNKNOWN: "has not been checked yet",
    CheckStatus.UP: "answers",
    CheckStatus.SUSPECT: "failed and is being looked at again",
    CheckStatus.DOWN: "fails",
    CheckStatus.RECOVERING: "begins to answer",
}


def verdict(service: Service, states: Mapping[str, CheckState], now: datetime) -> Verdict:
    """Weigh the newest result of each of the service's checks.

    `states` are by check key and may lack some; those older than `Check.stale_after_s` are shown
    and not weighed.
    """
    seen = [(check, states[check.key]) for check in service.checks if check.key in states]
    fresh = {check.key: state for check, state in seen if state.is_fresh(check, now)}
    finding = _weigh(service, fresh)
    left_out = [
        _left_out(check, states.get(check.key), now)
        for check in service.checks
        if check.key not in fresh
    ]
    return Verdict(
        domain=finding.domain,
        sentence=" ".join([finding.sentence, *left_out]),
        evidence=tuple(_evidence(check, state, now) for check, state in seen if state.checked),
        certainty=finding.certainty,
    )


def _weigh(service: Service, fresh: Mapping[str, CheckState]) -> _Finding:
    title = service.title
    through = standing(by_route(service, Route.THROUGH), fresh)
    direct = standing(by_route(service, Route.DIRECT), fresh)
    failing = through.failing + direct.failing
    if not failing:
        return _unclear(
            f"No check of {title} fails now." if fresh else f"No result of {title} is new enough."
        )
    plain = _plain_cause(failing, fresh)
    if plain:
        began_at = _began_at(failing, fresh)
        answering = any(_healthy_since(check, fresh, began_at) for check in direct.checked)
        tail = "; the origin answers directly." if answering else "."
        return _Finding(plain, "likely", _PLAIN_SENTENCE[plain].format(title=title) + tail)
    if through.some_fail and direct.some_fail:
        return _Finding(
            Domain.ORIGIN,
            "likely",
            f"The origin of {title} is failing, through the edge and directly.",
        )
    if direct.some_fail:
        return _only_direct_fails(service, fresh, direct.failing)
    return _only_through_fails(service, fresh, through.failing)


def _only_through_fails(
    service: Service, fresh: Mapping[str, CheckState], failing: tuple[Check, ...]
) -> _Finding:
    title = service.title
    through, direct = by_route(service, Route.THROUGH), by_route(service, Route.DIRECT)
    began_at = _began_at(failing, fresh)
    if not direct:
        passing = any(_healthy_since(check, fresh, began_at) for check in through)
        fails = "fails in part" if passing else "fails"
        return _unclear(
            f"{title} {fails}; there is no direct check to tell the edge from the origin."
        )
    if any(_healthy_since(check, fresh, began_at) for check in through):
        return _unclear(
            f"{title} fails in part: some checks through the edge pass, and no direct check fails."
        )
    if not all(_healthy_since(check, fresh, began_at) for check in direct):
        return _unclear(f"{title} fails; the direct check has no clear result since it began.")
    return _Finding(
        Domain.EDGE,
        "certain" if len(failing) == len(through) else "likely",
        f"The edge in front of {title} is failing; the origin answers directly.",
    )


def _only_direct_fails(
    service: Service, fresh: Mapping[str, CheckState], failing: tuple[Check, ...]
) -> _Finding:
    title = service.title
    through = by_route(service, Route.THROUGH)
    if not through:
        return _Finding(Domain.ORIGIN, "likely", f"The origin of {title} is failing.")
    began_at = _began_at(failing, fresh)
    if all(_healthy_since(check, fresh, began_at) for check in through):
        return _Finding(
            Domain.ORIGIN,
            "likely",
            f"The origin of {title} does not answer directly; the edge still does and hides it.",
        )
    return _unclear(
        f"{title} fails when asked directly; the check through the edge has no clear result since"
        " it began."
    )


def _unclear(sentence: str) -> _Finding:
    return _Finding(Domain.UNCLEAR, "unknown", sentence)


def _began_at(failing: Iterable[Check], fresh: Mapping[str, CheckState]) -> datetime | None:
    starts = (fresh[check.key].first_failure_at for check in failing)
    return min((start for start in starts if start is not None), default=None)


def _healthy_since(
    check: Check, fresh: Mapping[str, CheckState], began_at: datetime | None
) -> bool:
    """Whether a check was seen up after the trouble began: what came before acquits nobody."""
    state = fresh.get(check.key)
    if state is None or state.status is not CheckStatus.UP or state.last_at is None:
        return False
    return began_at is None or state.last_at >= began_at


def _plain_cause(failing: Iterable[Check], fresh: Mapping[str, CheckState]) -> Domain | None:
    """Give the one kind of failure that every failing check names, by its probe or its reason."""
    for domain in _PLAIN:
        if all(_names(domain, check, fresh[check.key]) for check in failing):
            return domain
    return None


def _names(domain: Domain, check: Check, state: CheckState) -> bool:
    if check.probe.kind == domain.value:
        return True
    # A target that answered, if badly, was looked up and reached: its words are no such reason.
    unreached = dict(state.last_evidence).get("fault", "connection") == "connection"
    return unreached and _PLAIN[domain].search(state.last_reason) is not None


def _evidence(check: Check, state: CheckState, now: datetime) -> Evidence:
    at = state.last_at or now
    age = write_duration((now - at).total_seconds())
    words = _WORDS[state.status]
    if not state.is_fresh(check, now):
        words = "is not weighed, its last result is too old"
    return Evidence(
        claim=f"{check.key} {words}",
        figure=f"{state.last_reason.rstrip('.')} ({state.took_s or 0:.2f} s), {age} ago",
        source=check.key,
        at=at,
    )


def _left_out(check: Check, state: CheckState | None, now: datetime) -> str:
    age_s = state.age_s(now) if state else None
    if age_s is None:
        return f"{check.key} has not been checked yet."
    return f"{check.key} was last checked {write_duration(age_s)} ago and does not count."
