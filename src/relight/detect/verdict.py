"""Which domain failed: a ranked list with evidence, or that one cannot tell.

Article 000's first question in a CDN outage is whether the origin answers when asked directly.
A pair of checks, one through the edge and one direct, answers it without a person; vendors,
changes, dependencies, regions and customers' pages say the rest. The rules are a table, in
`verdict_rules`; here they are asked, weighed and put in order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from relight.catalog.service import Check, Route
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.seen import Seen, see
from relight.detect.situation import Situation
from relight.detect.standing import by_route
from relight.detect.verdict_rules import RULES, Certainty, Domain, Found, Rule
from relight.incident.events import Evidence
from relight.kernel.period import write_duration

_ENOUGH = 30.0
"""What weighs less is mentioned, and is never the answer."""

_MOST_EVIDENCE = 24


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """One domain that may have failed, by the heaviest rule that says so."""

    domain: Domain
    sentence: str
    certainty: Certainty
    weight: float
    rule: str
    about: str = ""
    evidence: tuple[Evidence, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A domain, the sentence for people and the figures it rests on; `others` come after it.

    `certain` means seen from both sides. `likely` leaves a second explanation, such as our own
    network when both sides fail. `unknown` goes with `Domain.UNCLEAR`. `answer` names what is
    answered, without the figures, which change from one moment to the next.
    """

    domain: Domain
    sentence: str
    evidence: tuple[Evidence, ...]
    certainty: Certainty
    others: tuple[Suspect, ...] = ()
    answer: str = ""
    weight: float = 0.0


_WORDS = {
    CheckStatus.UNKNOWN: "has not been checked yet",
    CheckStatus.UP: "answers",
    CheckStatus.SUSPECT: "failed and is being looked at again",
    CheckStatus.DOWN: "fails",
    CheckStatus.RECOVERING: "begins to answer",
}


def verdict(situation: Situation) -> Verdict:
    """Weigh all that is known of a service.

    Results older than `Check.stale_after_s` are shown and not weighed. No notice of a vendor never
    acquits that vendor, and neither does a feed that cannot be read.
    """
    seen = see(situation)
    ranked = rank(seen)
    first = ranked[0] if ranked and ranked[0].weight >= _ENOUGH else None
    sentence = first.sentence if first else _unclear(seen)
    answer = f"{first.rule} {first.about}" if first else sentence
    others = tuple(each for each in ranked if each is not first)
    evidence = (*(first.evidence if first else ()), *_figures(seen), *_unread(seen))
    return Verdict(
        domain=first.domain if first else Domain.UNCLEAR,
        sentence=" ".join([sentence, *_left_out(seen)]),
        evidence=evidence[:_MOST_EVIDENCE],
        certainty=first.certainty if first else "unknown",
        others=others,
        answer=answer.strip(),
        weight=first.weight if first else 0.0,
    )


def rank(seen: Seen, rules: Sequence[Rule] = RULES) -> list[Suspect]:
    """Ask every rule, and put the domains in order, the heaviest first; each domain once."""
    spoken = [_suspect(rule, found) for rule in rules for found in rule.sees(seen)]
    spoken.sort(key=lambda each: -each.weight)
    ranked: dict[Domain, Suspect] = {}
    for each in spoken:
        known = ranked.get(each.domain)
        ranked[each.domain] = _with_evidence(known, each.evidence) if known else each
    return list(ranked.values())


def _suspect(rule: Rule, found: Found) -> Suspect:
    return Suspect(
        domain=rule.domain,
        sentence=rule.sentence.format_map(found.words),
        certainty=found.certainty or rule.certainty,
        weight=rule.weight - found.lighter,
        rule=rule.name,
        about=found.about,
        evidence=found.evidence,
    )


def _with_evidence(known: Suspect, more: Iterable[Evidence]) -> Suspect:
    fresh = tuple(each for each in more if each not in known.evidence)
    return msgspec.structs.replace(known, evidence=known.evidence + fresh)


def _unclear(seen: Seen) -> str:
    """Say why no rule answers."""
    title = seen.title
    if not seen.failing:
        if seen.fresh:
            return f"No check of {title} fails now."
        if not seen.service.checks:
            return f"No check watches {title}."
        return f"No result of {title} is new enough."
    if not seen.through.some_fail:
        return (
            f"{title} fails when asked directly; the check through the edge has no clear result"
            " since it began."
        )
    if not by_route(seen.service, Route.DIRECT):
        fails = "fails in part" if seen.through_well else "fails"
        return f"{title} {fails}; there is no direct check to tell the edge from the origin."
    if seen.through_well:
        return (
            f"{title} fails in part: some checks through the edge pass, and no direct check fails."
        )
    return f"{title} fails; the direct check has no clear result since it began."


def _figures(seen: Seen) -> list[Evidence]:
    states = seen.situation.states
    return [
        _evidence(check, state, seen)
        for check in seen.service.checks
        if (state := states.get(check.key)) and state.checked
    ]


def _evidence(check: Check, state: CheckState, seen: Seen) -> Evidence:
    at = state.last_at or seen.now
    age = write_duration((seen.now - at).total_seconds())
    words = _WORDS[state.status]
    if check.key not in seen.fresh:
        words = "is not weighed, its last result is too old"
    return Evidence(
        claim=f"{check.key} {words}",
        figure=f"{state.last_reason.rstrip('.')} ({state.took_s or 0:.2f} s), {age} ago",
        source=check.key,
        at=at,
    )


def _unread(seen: Seen) -> list[Evidence]:
    """Name the vendors whose own words are not known: that is unknown, never well."""
    return [
        Evidence(f"{each.vendor}'s own page cannot be read", each.fault, each.vendor, seen.now)
        for each in seen.situation.vendors
        if each.fault
    ]


def _left_out(seen: Seen) -> list[str]:
    states = seen.situation.states
    return [
        _why_left_out(check, states.get(check.key), seen.now)
        for check in seen.service.checks
        if check.key not in seen.fresh
    ]


def _why_left_out(check: Check, state: CheckState | None, now: datetime) -> str:
    age_s = state.age_s(now) if state else None
    if age_s is None:
        return f"{check.key} has not been checked yet."
    return f"{check.key} was last checked {write_duration(age_s)} ago and does not count."
