"""Checks: the keys of the timetable and the probe's own settings stand in one mapping."""

import re

import msgspec

from relight.catalog.service import Check, Quorum, Route, Window
from relight.config.forms import (
    NOTHING,
    Form,
    Nothing,
    as_name,
    as_whole,
    bounded_duration_s,
    choice,
    duration,
    scalar,
    whole,
)
from relight.config.notes import Notes, shown
from relight.config.plugs import Declared, declared, fields_of, plugged
from relight.config.section import Found, Key, Section, read_section
from relight.config.tree import Node, Pairs, Scalar
from relight.config.vantage import PLACES
from relight.kernel.plug import Plugged

_MOST_VANTAGE_POINTS = 100
_LONGEST_WINDOW_S = 86400
_QUORUMS: dict[str, Quorum] = {"majority": "majority", "any": "any", "all": "all"}


def _quorum(text: str) -> Quorum:
    if text in _QUORUMS:
        return _QUORUMS[text]
    try:
        number = as_whole(text)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST_VANTAGE_POINTS:
        msg = f"`{shown(text)}` is no quorum. Write majority, any, all or a number from 1 to 100."
        raise ValueError(msg)
    return number


def _slow(text: str) -> Window:
    limit, over_s = _over(text, "2s over 5m")
    return Window(float(bounded_duration_s(limit, 1)), over_s)


def _errors(text: str) -> Window:
    limit, over_s = _over(text, "5% over 10m")
    share = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%", limit)
    if share is None or not 0 < float(share[1]) < 100:
        msg = f"`{shown(limit)}` is not a share. Write one like `5% over 10m`."
        raise ValueError(msg)
    return Window(float(share[1]) / 100, over_s)


def _over(text: str, example: str) -> tuple[str, int]:
    limit, found, over = text.partition(" over ")
    if not found:
        msg = f"`{shown(text)}` has no `over`. Write one like `{example}`."
        raise ValueError(msg)
    over_s = bounded_duration_s(over.strip(), 60)
    if over_s > _LONGEST_WINDOW_S:
        msg = f"`{shown(over.strip())}` is too long. The most is 1d."
        raise ValueError(msg)
    return limit.strip(), over_s


CHECK = Section(
    path="services[].checks[].KIND",
    noun="a check",
    meaning="These stand beside the probe's own settings, inside the braces. Settings that say "
    "what a good answer is may be grouped: `expect: {status: 200, body: pho}`.",
    shape=Check,
    keys=(
        Key(
            name="name",
            form=scalar("name", as_name),
            meaning="What the check is called within its service.",
            default="the kind; then `http-2`, `http-3`",
        ),
        Key(name="every", field="every_s", form=duration(), meaning="How often to look."),
        Key(
            name="failures",
            form=whole(1, 100),
            meaning="Bad results in a row before the check counts as failing.",
        ),
        Key(
            name="recoveries",
            form=whole(1, 100),
            meaning="Good results in a row before it counts as working again.",
        ),
        Key(
            name="confirm",
            field="confirm_s",
            form=duration(),
            meaning="How soon to look again after the first bad result.",
        ),
        Key(
            name="route",
            form=choice(Route),
            meaning="`through` the edge as users go, or `direct` to the origin.",
            default="through; direct where `connect_to` is given",
        ),
        Key(
            name="from",
            field="looks_from",
            form=PLACES,
            meaning="The vantage points that look at it.",
            default="`here` and all of `vantage`",
        ),
        Key(
            name="quorum",
            form=scalar("`majority`, `any`, `all` or a number", _quorum),
            meaning="How many of the vantage points that look have to see it fail.",
        ),
        Key(
            name="slow",
            form=scalar("like `2s over 5m`", _slow),
            meaning="Degraded when the 95th percentile of its looks is above this, over this long.",
        ),
        Key(
            name="errors",
            form=scalar("like `5% over 10m`", _errors),
            meaning="Degraded when more than this share of its looks fails, over this long.",
        ),
    ),
)
_OWN = frozenset(key.name for key in CHECK.keys)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A check without its service, and perhaps without a name; a faulty `probe` is None."""

    line: int
    found: Found
    probe: Plugged | None


def _short(text: str) -> str | None:
    return "http" if "://" in text else None


def _read(node: Node, notes: Notes, key: str) -> Draft | Nothing:
    del key  # A check is named by its kind.
    whole_check = declared(node, notes.kinds.probes, notes, _short)
    if isinstance(whole_check, Nothing):
        return NOTHING
    own, rest = _split(whole_check)
    found = read_section(CHECK, own, notes)
    probe = plugged(rest, notes, also_known=_OWN)
    if isinstance(found, Nothing):
        return NOTHING
    line = whole_check.kind.line
    return Draft(line=line, found=found, probe=None if isinstance(probe, Nothing) else probe)


def _split(check: Declared) -> tuple[Pairs, Declared]:
    """Take the timetable's keys out of the settings and leave the probe's.

    What the probe expects may be grouped: `expect: {status: 200}` is `status: 200`.
    """
    if not isinstance(check.settings, Pairs):
        return Pairs(check.kind.line, ()), check
    line = check.settings.line
    own: list[tuple[Scalar, Node]] = []
    rest: list[tuple[Scalar, Node]] = []
    settings_of = fields_of(check.plug)
    grouped = "expect" not in settings_of
    for key, value in check.settings.pairs:
        if key.text in _OWN and not (key.text in settings_of and _of_one_look(value)):
            own.append((key, value))
        elif grouped and key.text == "expect" and isinstance(value, Pairs):
            rest.extend(value.pairs)
        else:
            rest.append((key, value))
    settings = Pairs(line, tuple(rest))
    return Pairs(line, tuple(own)), msgspec.structs.replace(check, settings=settings)


def _of_one_look(value: Node) -> bool:
    """Whether it limits each look, as `slow: 3s` does, and not many over a length of time."""
    return isinstance(value, Scalar) and " over " not in value.text


CHECK_FORM = Form("web address, or `probe: settings`", _read)


def named_checks(service: str, drafts: tuple[Draft, ...], notes: Notes) -> tuple[Check, ...]:
    """Give each check of a service its name; names that were written come first."""
    taken: dict[str, int] = {}
    for draft in drafts:
        name = draft.found.values.get("name")
        if name is None:
            continue
        line = draft.found.line_of("name")
        if name in taken:
            what = f"There is already a check named `{name}` here, on line {taken[name]}."
            notes.wrong(line, what, "Give one of them another name.")
        taken.setdefault(name, line)
    checks: list[Check] = []
    for draft in drafts:
        if draft.probe is None:
            continue
        values = dict(draft.found.values)
        name = values.pop("name", None) or _free(draft.probe.kind, taken)
        taken.setdefault(name, draft.line)
        if draft.probe.settings.get("connect_to"):
            values.setdefault("route", Route.DIRECT)
        checks.append(Check(service=service, name=name, probe=draft.probe, **values))
    return tuple(checks)


def _free(kind: str, taken: dict[str, int]) -> str:
    name, count = kind, 1
    while name in taken:
        count += 1
        name = f"{kind}-{count}"
    return name
