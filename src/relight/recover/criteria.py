"""The close gate's figures: may this incident be called resolved?

Article 001: "verify recovery with data, not intuition"; article 000: "confirm service stability
for X hours (X depends on severity)". Here X is the severity's stability period.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from relight.catalog.service import Check
from relight.incident.gate import Gate, GateItem
from relight.incident.state import JoinedAlert
from relight.kernel.period import write_duration


class CheckRecord(Protocol):
    """What the gate needs to know of a check's state.

    `green_since` is since when the results, without a gap, have judged it up, or None while it is
    not; one unconfirmed failure leaves it, but then `last_ok` is False. Times are aware UTC.
    """

    @property
    def last_at(self) -> datetime | None: ...
    @property
    def last_ok(self) -> bool | None: ...
    @property
    def last_reason(self) -> str: ...
    @property
    def green_since(self) -> datetime | None: ...


def green_since(states: Mapping[str, CheckRecord]) -> datetime | None:
    """Give the moment since when all of these have been up; None while one is not, or for none."""
    starts = [state.green_since for state in states.values()]
    known = [start for start in starts if start is not None]
    return max(known) if known and len(known) == len(starts) else None


def gate(
    check_states: Mapping[str, CheckRecord],
    checks: Sequence[Check],
    green_since: datetime | None,
    stability_s: int,
    now: datetime,
    *,
    services: Sequence[str] = (),
    alerts: Sequence[JoinedAlert] = (),
) -> Gate:
    """Answer each criterion for the checks of an incident's services.

    `check_states` are by check key and may hold more than these checks or lack some.
    `green_since` is what the function of that name gave for these checks. `services` names the
    incident's services, so that one without any check is not passed over in silence. Of
    `alerts` those from other sources than checks count: what only they watch is over once they
    say so, and stable when that has held for the period.
    """
    told = [alert for alert in alerts if alert.source != "check"]
    watched = {check.service for check in checks} | {alert.service for alert in told}
    items = [_unwatched(name) for name in services if name not in watched]
    if checks:
        items += [
            _all_up(check_states, checks),
            _stable(green_since, stability_s, now),
            _fresh(check_states, checks, now),
        ]
    items += _said(told, stability_s, now)
    if not items:
        items = [_unwatched("The incident")]
    return Gate(tuple(items))


def _said(alerts: Sequence[JoinedAlert], stability_s: int, now: datetime) -> Iterator[GateItem]:
    for source in dict.fromkeys(alert.source for alert in alerts):
        own = [alert for alert in alerts if alert.source == source]
        who = source.rpartition("/")[2]
        ends = [alert.cleared_at for alert in own if alert.cleared_at]
        if len(ends) < len(own):
            open_now = len(own) - len(ends)
            told = "1 alert is" if open_now == 1 else f"{open_now} alerts are"
            sentence = f"{who} says it goes on: {told} open."
            yield GateItem(f"said:{source}", ok=False, sentence=sentence)
            continue
        over_s = (now - max(ends)).total_seconds()
        sentence = f"{who} says it is over, since {max(ends):%H:%M} UTC"
        if over_s >= stability_s:
            yield GateItem(f"said:{source}", ok=True, sentence=f"{sentence}.")
            continue
        left = write_duration(stability_s - over_s)
        sentence = f"{sentence}; {left} of {write_duration(stability_s)} remain."
        yield GateItem(f"said:{source}", ok=False, sentence=sentence)


def _unwatched(name: str) -> GateItem:
    return GateItem(
        "checks", ok=False, sentence=f"{name} has no checks: recovery cannot be verified with data."
    )


def _all_up(states: Mapping[str, CheckRecord], checks: Sequence[Check]) -> GateItem:
    lacking = list(_not_up(states, checks))
    up = f"{len(checks) - len(lacking)} of {len(checks)} checks are up"
    if not lacking:
        return GateItem("up", ok=True, sentence=f"{up}.")
    return GateItem("up", ok=False, sentence=f"{up}; {', '.join(lacking)}.")


def _not_up(states: Mapping[str, CheckRecord], checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        state = states.get(check.key)
        if state is None or state.last_at is None:
            yield f"{check.key} has not been checked yet"
        elif not state.last_ok:
            yield f"{check.key} fails ({state.last_reason.rstrip('.')})"
        elif state.green_since is None:
            yield f"{check.key} begins to answer"


def _stable(green_since: datetime | None, stability_s: int, now: datetime) -> GateItem:
    period = write_duration(stability_s)
    if green_since is None:
        return GateItem("stable", ok=False, sentence=f"Not green yet; it must hold for {period}.")
    green_s = (now - green_since).total_seconds()
    since = f"since {green_since:%H:%M} UTC"
    if green_s >= stability_s:
        return GateItem(
            "stable",
            ok=True,
            sentence=f"Green for {write_duration(green_s)}, {since}; asked for: {period}.",
        )
    return GateItem(
        "stable",
        ok=False,
        sentence=f"Green for {write_duration(green_s)} of {period}, {since};"
        f" {write_duration(stability_s - green_s)} remain.",
    )


def _fresh(states: Mapping[str, CheckRecord], checks: Sequence[Check], now: datetime) -> GateItem:
    old: list[str] = []
    for check in checks:
        state = states.get(check.key)
        at = state.last_at if state else None
        age_s = None if at is None else (now - at).total_seconds()
        if age_s is None:
            old.append(f"{check.key} has no result")
        elif age_s > check.stale_after_s:
            old.append(f"{check.key} was last checked {write_duration(age_s)} ago")
    if old:
        return GateItem("fresh", ok=False, sentence=f"Old figures: {', '.join(old)}.")
    return GateItem("fresh", ok=True, sentence="The figures of every check are fresh.")
