"""The rules of the verdict: what each looks at, what it concludes, and how much it weighs.

Each rule sees observations only and speaks for itself; the heaviest that speaks is the first
answer, and the others stay in sight below it. A direct measurement outweighs what somebody says of
themselves, and what is nearer in time to the beginning outweighs what is farther.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from relight.catalog.component import ComponentState
from relight.catalog.service import Route
from relight.detect import seen as look
from relight.detect.seen import Seen
from relight.detect.situation import Change, ChangeKind, EdgeWindow, Notice
from relight.detect.standing import by_route
from relight.incident.events import Evidence
from relight.kernel.period import write_duration

Certainty: TypeAlias = Literal["certain", "likely", "unknown"]


class Domain(StrEnum):
    """Where the trouble lies."""

    ORIGIN = "origin"
    EDGE = "edge"
    DNS = "dns"
    TLS = "tls"
    VENDOR = "vendor"
    REGION = "region"
    DEPENDENCY = "dependency"
    CHANGE = "change"
    CLIENT = "client"
    UNCLEAR = "unclear"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule saw: the words that fill its sentence, and the figures it rests on.

    `about` names the thing found, where there can be several. `lighter` is taken off the rule's
    weight, for what is farther away or milder; a rule that found less than it hoped for says so
    with its own `certainty`.
    """

    words: dict[str, str]
    about: str = ""
    evidence: tuple[Evidence, ...] = ()
    lighter: float = 0.0
    certainty: Certainty | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `sees` gives each thing found, or none; `sentence` is filled with its words."""

    name: str
    sees: Callable[[Seen], Sequence[Found]]
    domain: Domain
    weight: float
    certainty: Certainty
    sentence: str


_SOON = timedelta(minutes=30)
"""A change older than this when the trouble began is not brought up."""

_EARLY = timedelta(minutes=60)
"""A vendor's notice that began longer than this before the trouble explains other trouble."""

_TAKES_EFFECT = timedelta(minutes=5)
"""A change that was meant to mend has to show it within this."""

_LATE = timedelta(minutes=45)
"""Vendors are late: a notice that begins this long after the trouble may still be about it."""

_MILD = {
    ComponentState.MAJOR_OUTAGE: 0.0,
    ComponentState.PARTIAL_OUTAGE: 2.0,
    ComponentState.DEGRADED_PERFORMANCE: 5.0,
    ComponentState.UNDER_MAINTENANCE: 6.0,
}
_LEAST_LOADS = 20


def _title(seen: Seen) -> dict[str, str]:
    tail = "; the origin answers directly" if seen.direct_well else ""
    return {"title": seen.title, "tail": tail}


def _one_region(seen: Seen) -> list[Found]:
    failing, well = look.split_by_place(seen)
    if not failing or len(failing) > len(well):
        return []
    where = " and ".join(sorted(view.vantage for view in failing))
    alone = len(failing) == 1 and len(well) >= 2
    return [
        Found(
            about=where,
            words={**_title(seen), "where": where, "others": _count(len(well), "other")},
            evidence=tuple(
                Evidence(f"from {view.vantage}", view.reason, view.vantage, view.last_at)
                for view in (*failing, *well)
            ),
            certainty="certain" if alone else None,
        )
    ]


def _own_network(seen: Seen) -> list[Found]:
    states = look.nothing_connects(seen)
    if not states:
        return []
    return [Found(words={"count": str(len(states)), "where": states[0].vantage})]


def _names(kind: str) -> Callable[[Seen], list[Found]]:
    """Find what is plainly of one kind: all that fails names it, or its own probe fails."""
    words = look.DNS if kind == "dns" else look.TLS

    def sees(seen: Seen) -> list[Found]:
        if look.names_kind(seen, kind, words):
            return [Found(words=_title(seen))]
        if not look.kind_probe_fails(seen, kind):
            return []
        # Beside an origin that answers, the probe explains why users do not get there.
        return [Found(words=_title(seen), lighter=4.0 if seen.all_direct_well else 28.0)]

    return sees


def _edge(seen: Seen) -> list[Found]:
    through = seen.through
    if not through.some_fail or seen.direct.some_fail or not seen.all_direct_well:
        return []
    if seen.through_well:
        return []
    declared = len(by_route(seen.service, Route.THROUGH))
    whole = len(through.failing) == declared
    return [Found(words=_title(seen), certainty="certain" if whole else None)]


def _origin_both(seen: Seen) -> list[Found]:
    both = seen.through.some_fail and seen.direct.some_fail
    return [Found(words=_title(seen))] if both else []


def _origin_only(seen: Seen) -> list[Found]:
    has_edge = bool(by_route(seen.service, Route.THROUGH))
    return [Found(words=_title(seen))] if seen.direct.some_fail and not has_edge else []


def _origin_hidden(seen: Seen) -> list[Found]:
    if not seen.direct.some_fail or seen.through.some_fail:
        return []
    return [Found(words=_title(seen))] if seen.all_through_well else []


def _dependency(state: ComponentState) -> Callable[[Seen], list[Found]]:
    def sees(seen: Seen) -> list[Found]:
        names = [name for name, each in seen.situation.dependencies.items() if each is state]
        if not names or not _troubled(seen):
            return []
        named = " and ".join(names)
        verb = "is" if len(names) == 1 else "are"
        lighter = 12.0 if seen.all_direct_well and not seen.direct.some_fail else 0.0
        return [
            Found(
                about=named,
                words={**_title(seen), "names": named, "verb": verb},
                evidence=tuple(
                    Evidence(f"{name} stands at", state.label.lower(), name, seen.now)
                    for name in names
                ),
                lighter=lighter,
            )
        ]

    return sees


def _vendor(seen: Seen) -> list[Found]:
    """Find notices that began about when the trouble did."""
    return [
        _notice(seen, notice, abs(before.total_seconds()) / 300)
        for notice in look.notices(seen)
        if not notice.planned
        and _troubled(seen)
        and -_LATE <= (before := seen.apart(notice.began_at)) <= _EARLY
    ]


def _vendor_planned(seen: Seen) -> list[Found]:
    """Find planned work that was under way when the trouble began."""
    return [
        _notice(seen, notice, abs(before.total_seconds()) / 300)
        for notice in look.notices(seen)
        if notice.planned
        and _troubled(seen)
        and timedelta(0) <= (before := seen.apart(notice.began_at)) <= _EARLY * 4
    ]


def _vendor_before(seen: Seen) -> list[Found]:
    """Find notices that go on since long before: shown, and no explanation by themselves."""
    return [
        _notice(seen, notice, 0)
        for notice in look.notices(seen)
        if not notice.planned and _troubled(seen) and seen.apart(notice.began_at) > _EARLY
    ]


def _notice(seen: Seen, notice: Notice, lighter: float) -> Found:
    component = f" ({notice.component})" if notice.component else ""
    return Found(
        about=notice.id,
        words={**_title(seen), "vendor": notice.vendor, "what": f"{notice.title}{component}"},
        evidence=(
            Evidence(
                f"{notice.vendor} says",
                f"{notice.title}{component}, since {notice.began_at:%H:%M} UTC",
                notice.vendor,
                notice.began_at,
            ),
        ),
        lighter=lighter + _MILD.get(notice.state, 0.0),
    )


def _change(seen: Seen) -> list[Found]:
    """Find changes of this service, or of one that nobody named, from shortly before."""
    found: list[Found] = []
    in_vain = 12.0 if _changed_since(seen) else 0.0
    for change in look.changes(seen):
        before = seen.apart(change.at)
        if before > _SOON or not _explains(seen, change):
            continue
        minutes = before.total_seconds() / 60
        own = change.service == seen.service.name
        far = 0.0 if own else 6.0 if change.service in seen.service.depends_on else 8.0
        found.append(_changed(seen, change, minutes * 1.2 + far + in_vain))
    return found


def _changed_since(seen: Seen) -> bool:
    """Whether the service was changed again, most often back, and goes on failing all the same."""
    return any(
        change.service == seen.service.name
        and change.at > seen.began_at
        and seen.now - change.at > _TAKES_EFFECT
        for change in seen.situation.changes
    )


def _explains(seen: Seen, change: Change) -> bool:
    known = change.service in {"", seen.service.name, *seen.service.depends_on}
    acquitted = bool(seen.failing) and seen.all_direct_well and not seen.direct.some_fail
    # An origin that answers was not broken by what was deployed to it.
    by_config = change.kind in {ChangeKind.CONFIG, ChangeKind.OTHER}
    return known and _troubled(seen) and (not acquitted or by_config)


def _changed(seen: Seen, change: Change, lighter: float) -> Found:
    after_s = seen.apart(change.at).total_seconds()
    ago = f"{write_duration(after_s)} after" if after_s >= 1 else "at the moment of"
    return Found(
        about=change.id,
        words={
            **_title(seen),
            "kind": change.kind.value,
            "what": change.summary.rstrip("."),
            "ago": ago,
        },
        evidence=(
            Evidence(
                f"{change.kind.value} by {change.by}" if change.by else change.kind.value,
                f"{change.summary}, {change.at:%H:%M} UTC",
                change.source,
                change.at,
            ),
        ),
        lighter=lighter,
    )


def _client_errors(seen: Seen) -> list[Found]:
    """Find pages that load the script and then fail in it, while our own checks pass."""
    edge = _enough(seen)
    if edge is None or seen.failing or edge.errors * 10 < edge.loads:
        return []
    if edge.failed * 2 >= edge.loads:
        return []
    release = next(iter(look.changes(seen)), None)
    tail = f"; {release.kind.value} {release.summary.rstrip('.')} was before it" if release else ""
    words = {**_title(seen), "count": str(edge.errors), "loads": str(edge.loads), "release": tail}
    # A flag that was flipped a moment ago is flipped back first: nothing is undone faster.
    flipped = any(
        change.kind is ChangeKind.FLAG and _explains(seen, change)
        for change in look.changes(seen)
        if seen.apart(change.at) <= _SOON
    )
    return [Found(words=words, evidence=_beacons(edge), lighter=12.0 if flipped else 0.0)]


def _client_sites(seen: Seen) -> list[Found]:
    """Find few customers' sites failing, each for itself, among many."""
    edge = _enough(seen)
    if edge is None or seen.failing or not edge.failing_sites:
        return []
    if len(edge.failing_sites) * 4 > edge.sites or edge.errors * 10 >= edge.loads:
        return []
    named = ", ".join(edge.failing_sites[:3])
    words = {**_title(seen), "sites": named, "all": str(edge.sites)}
    return [Found(words=words, evidence=_beacons(edge))]


def _loads_fail(seen: Seen) -> list[Found]:
    """Find loads failing on many sites that our own checks do not see."""
    edge = _enough(seen)
    if edge is None or seen.failing or edge.failed * 5 < edge.loads:
        return []
    if edge.failing_sites and len(edge.failing_sites) * 4 <= edge.sites:
        return []
    words = {**_title(seen), "count": str(edge.failed), "loads": str(edge.loads)}
    return [Found(words=words, evidence=_beacons(edge))]


def _calls_fail(seen: Seen) -> list[Found]:
    edge = _enough(seen)
    if edge is None or seen.failing or edge.api_failed * 5 < edge.loads:
        return []
    words = {**_title(seen), "count": str(edge.api_failed), "loads": str(edge.loads)}
    return [Found(words=words, evidence=_beacons(edge))]


def _quiet(seen: Seen) -> list[Found]:
    edge = seen.situation.edge
    if edge is None or not edge.usual_loads or edge.usual_loads < _LEAST_LOADS or seen.failing:
        return []
    if edge.loads * 5 > edge.usual_loads:
        return []
    words = {**_title(seen), "loads": str(edge.loads), "usual": f"{edge.usual_loads:.0f}"}
    return [Found(words=words, evidence=_beacons(edge))]


def _enough(seen: Seen) -> EdgeWindow | None:
    edge = seen.situation.edge
    return edge if edge and edge.loads >= _LEAST_LOADS else None


def _beacons(edge: EdgeWindow) -> tuple[Evidence, ...]:
    figure = (
        f"{edge.loads} loads, {edge.failed} failed, {edge.slow} slow, {edge.errors} errors,"
        f" {edge.api_failed} failed calls"
    )
    return (Evidence("customers' pages report", figure, "edge", edge.until),)


def _troubled(seen: Seen) -> bool:
    """Whether there is any trouble to explain: a failing check, or pages that report it."""
    edge = seen.situation.edge
    reported = edge is not None and (edge.failed or edge.errors or edge.api_failed)
    return bool(seen.failing or reported or any(s.degraded for s in seen.fresh.values()))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


RULES: tuple[Rule, ...] = (
    Rule(
        name="one-region",
        sees=_one_region,
        domain=Domain.REGION,
        weight=95,
        certainty="likely",
        sentence="{title} fails from {where} alone; {others} see it answer.",
    ),
    Rule(
        name="own-network",
        sees=_own_network,
        domain=Domain.REGION,
        weight=88,
        certainty="likely",
        sentence="Nothing that we look at can be reached from {where} ({count} checks): our own"
        " network may be cut off.",
    ),
    Rule(
        name="names",
        sees=_names("dns"),
        domain=Domain.DNS,
        weight=86,
        certainty="likely",
        sentence="The name of {title} cannot be looked up{tail}.",
    ),
    Rule(
        name="secure-connection",
        sees=_names("tls"),
        domain=Domain.TLS,
        weight=86,
        certainty="likely",
        sentence="The secure connection to {title} (TLS) is failing{tail}.",
    ),
    Rule(
        name="edge-fails-origin-answers",
        sees=_edge,
        domain=Domain.EDGE,
        weight=80,
        certainty="likely",
        sentence="The edge in front of {title} is failing; the origin answers directly.",
    ),
    Rule(
        name="dependency-out",
        sees=_dependency(ComponentState.MAJOR_OUTAGE),
        domain=Domain.DEPENDENCY,
        weight=79,
        certainty="likely",
        sentence="{names}, which {title} depends on, {verb} out.",
    ),
    Rule(
        name="change-before",
        sees=_change,
        domain=Domain.CHANGE,
        weight=77,
        certainty="likely",
        sentence="{title} began to fail {ago} a change: {kind} {what}.",
    ),
    Rule(
        name="vendor-says-so",
        sees=_vendor,
        domain=Domain.VENDOR,
        weight=75,
        certainty="likely",
        sentence="{vendor}, which {title} depends on, has trouble of its own: {what}.",
    ),
    Rule(
        name="vendor-works-on-it",
        sees=_vendor_planned,
        domain=Domain.VENDOR,
        weight=73,
        certainty="likely",
        sentence="{vendor}, which {title} depends on, is at planned work: {what}.",
    ),
    Rule(
        name="dependency-in-part",
        sees=_dependency(ComponentState.PARTIAL_OUTAGE),
        domain=Domain.DEPENDENCY,
        weight=66,
        certainty="likely",
        sentence="{names}, which {title} depends on, {verb} failing in part.",
    ),
    Rule(
        name="origin-both-ways",
        sees=_origin_both,
        domain=Domain.ORIGIN,
        weight=60,
        certainty="likely",
        sentence="The origin of {title} is failing, through the edge and directly.",
    ),
    Rule(
        name="origin-alone",
        sees=_origin_only,
        domain=Domain.ORIGIN,
        weight=60,
        certainty="likely",
        sentence="The origin of {title} is failing.",
    ),
    Rule(
        name="origin-hidden",
        sees=_origin_hidden,
        domain=Domain.ORIGIN,
        weight=60,
        certainty="likely",
        sentence="The origin of {title} does not answer directly; the edge still does and"
        " hides it.",
    ),
    Rule(
        name="few-sites",
        sees=_client_sites,
        domain=Domain.CLIENT,
        weight=81,
        certainty="likely",
        sentence="{title} fails on single sites only ({sites} of {all}); elsewhere it loads.",
    ),
    Rule(
        name="errors-in-pages",
        sees=_client_errors,
        domain=Domain.CLIENT,
        weight=80,
        certainty="likely",
        sentence="{title} loads and then fails in customers' pages: {count} errors in {loads}"
        " loads{release}.",
    ),
    Rule(
        name="calls-fail",
        sees=_calls_fail,
        domain=Domain.ORIGIN,
        weight=62,
        certainty="likely",
        sentence="Customers' pages load {title} and its calls fail ({count} in {loads} loads),"
        " while our own checks pass.",
    ),
    Rule(
        name="loads-fail",
        sees=_loads_fail,
        domain=Domain.EDGE,
        weight=62,
        certainty="likely",
        sentence="Customers' pages cannot load {title} ({count} of {loads} loads), while our own"
        " checks pass: the way to it differs.",
    ),
    Rule(
        name="pages-are-quiet",
        sees=_quiet,
        domain=Domain.EDGE,
        weight=58,
        certainty="likely",
        sentence="Hardly any page loads {title}: {loads} loads where {usual} are usual, while our"
        " own checks pass.",
    ),
    Rule(
        name="dependency-slow",
        sees=_dependency(ComponentState.DEGRADED_PERFORMANCE),
        domain=Domain.DEPENDENCY,
        weight=42,
        certainty="likely",
        sentence="{names}, which {title} depends on, {verb} degraded.",
    ),
    Rule(
        name="vendor-since-before",
        sees=_vendor_before,
        domain=Domain.VENDOR,
        weight=20,
        certainty="unknown",
        sentence="{vendor} has had other trouble since long before: {what}.",
    ),
)
