"""The verdict's first answer in each of the staged situations of `situations.toml`."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.component import ComponentState
from relight.catalog.service import Service
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.quorum import View
from relight.detect.situation import (
    Change,
    ChangeKind,
    EdgeWindow,
    Notice,
    Situation,
    VendorStanding,
)
from relight.detect.verdict import Verdict, verdict
from relight.detect.verdict_rules import RULES, Domain
from tests.detect.given import NOW, a_check, a_service, a_state, after

FILE = Path(__file__).with_name("situations.toml")


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    loads: int
    failed: int = 0
    slow: int = 0
    errors: int = 0
    api_failed: int = 0
    sites: int
    failing_sites: tuple[str, ...] = ()
    usual_loads: float | None = None


class Staged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    kind: str
    checks: dict[str, str]
    views: dict[str, str] = {}
    vendors: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    dependencies: dict[str, ComponentState] = {}
    edge: Edge | None = None
    also: tuple[str, ...] = ()
    first: Domain
    then: Domain | None = None


STAGED = msgspec.convert(tomllib.loads(FILE.read_text("utf-8"))["situation"], list[Staged])
BY_NAME = {each.name: each for each in STAGED}


def staged(told: Staged) -> Situation:
    service = _service(told)
    known = {f"widget/{name}": _state(name, words) for name, words in told.checks.items()}
    for name, words in told.views.items():
        state = known[f"widget/{name}"]
        known[state.check] = replace(state, views=_views(words, state))
    for key in told.also:
        lost = a_state("x", CheckStatus.DOWN, reason="No connection: timed out")
        known[key] = replace(lost, check=key)
    return Situation(
        service=service,
        now=NOW,
        states=known,
        vendors=tuple(_vendor(each) for each in told.vendors),
        dependencies=told.dependencies,
        changes=tuple(_change(n, each) for n, each in enumerate(told.changes)),
        edge=_edge(told.edge) if told.edge else None,
    )


def _service(told: Staged) -> Service:
    checks = [
        a_check(name, kind=name if name in {"dns", "tls"} else "http") for name in told.checks
    ]
    return a_service(*checks, depends_on=tuple(told.dependencies))


def _state(name: str, words: str) -> CheckState:
    given_words: dict[str, str] = {}
    for part in words.split(",", maxsplit=3)[1:]:
        key, _, value = part.strip().partition(" ")
        given_words[key] = value
    status = CheckStatus(words.partition(",")[0])
    return a_state(
        name,
        status,
        seen_s_ago=float(given_words.get("seen", 1)),
        trouble_s_ago=float(given_words.get("since", 60)),
        reason=given_words.get("says"),
    )


def _views(words: str, state: CheckState) -> tuple[View, ...]:
    views: list[View] = []
    for each in words.split(","):
        vantage, status = each.split()
        down = status == "down"
        views.append(
            View(
                vantage=vantage,
                last_at=state.last_at or NOW,
                last_ok=not down,
                reason="timed out" if down else "answered 200",
                down=down,
                failing_since=after(-60) if down else None,
            )
        )
    return tuple(views)


def _vendor(words: str) -> VendorStanding:
    """Read `~` as planned work, `!` as a feed that cannot be read; a bare name says nothing."""
    planned, unread = words.startswith("~"), words.startswith("!")
    parts = [part.strip() for part in words.lstrip("~! ").split("|")]
    if unread:
        return VendorStanding(vendor=parts[0], fault=parts[1])
    if len(parts) == 1:
        return VendorStanding(vendor=parts[0], read_at=after(-30))
    vendor, component, state, minutes, title = parts
    began, _, ended = minutes.partition("-")
    notice = Notice(
        vendor=vendor,
        id=f"{vendor}-1",
        component=component,
        state=ComponentState(state),
        title=title,
        began_at=NOW - timedelta(minutes=float(began)),
        ended_at=NOW - timedelta(minutes=float(ended)) if ended else None,
        planned=planned,
    )
    return VendorStanding(vendor=vendor, read_at=after(-30), notices=(notice,))


def _change(n: int, words: str) -> Change:
    kind, service, minutes, summary = (part.strip() for part in words.split("|"))
    return Change(
        id=str(n),
        source="ci",
        kind=ChangeKind(kind),
        service=service,
        at=NOW - timedelta(minutes=float(minutes)),
        summary=summary,
    )


def _edge(told: Edge) -> EdgeWindow:
    return EdgeWindow(service="widget", since=after(-60), until=NOW, **msgspec.structs.asdict(told))


def test_there_are_enough_and_a_third_of_them_is_not_plain() -> None:
    assert len(STAGED) >= 40
    assert len(BY_NAME) == len(STAGED)
    assert sum(each.kind != "plain" for each in STAGED) * 3 >= len(STAGED)


@pytest.mark.parametrize("name", BY_NAME)
def test_first_answer(name: str) -> None:
    told = BY_NAME[name]

    found = verdict(staged(told))

    assert found.domain is told.first, found
    if told.then:
        assert found.others[0].domain is told.then, found.others
    assert (found.domain is Domain.UNCLEAR) == (found.certainty == "unknown")
    assert "{" not in found.sentence
    assert found.sentence.endswith(".")


def test_every_rule_speaks_in_some_situation() -> None:
    spoken: set[str] = set()
    for told in STAGED:
        found = verdict(staged(told))
        spoken |= {each.rule for each in found.others} | {found.answer.partition(" ")[0]}

    assert {rule.name for rule in RULES} - spoken <= {"dependency-in-part"}


@given(st.sampled_from(STAGED), st.booleans())
def test_that_a_vendor_says_nothing_never_changes_the_answer(told: Staged, fault: bool) -> None:
    """Silence acquits nobody, and neither does a feed that cannot be read."""
    before = staged(told)
    silent = VendorStanding(vendor="other", read_at=NOW, fault="timed out" if fault else "")
    after_it = replace(before, vendors=(*before.vendors, silent))

    assert _answer(verdict(after_it)) == _answer(verdict(before))


@given(st.sampled_from([each for each in STAGED if each.first is not Domain.UNCLEAR]))
def test_the_words_of_the_answer_stay_while_the_same_is_seen(told: Staged) -> None:
    now = staged(told)
    found = verdict(now)

    assert verdict(now) == found
    assert found.answer


def _answer(found: Verdict) -> Mapping[str, object]:
    return {"domain": found.domain, "answer": found.answer, "certainty": found.certainty}
