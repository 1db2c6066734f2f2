"""Checks: the keys of the timetable and the probe's own settings stand in one mapping."""

import msgspec

from relight.catalog.service import Check, Route
from relight.config.forms import NOTHING, Form, Nothing, as_name, choice, duration, scalar, whole
from relight.config.notes import Notes
from relight.config.plugs import Declared, declared, fields_of, plugged
from relight.config.section import Found, Key, Section, read_section
from relight.config.tree import Node, Pairs, Scalar
from relight.kernel.plug import Plugged

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
    grouped = "expect" not in fields_of(check.plug)
    for key, value in check.settings.pairs:
        if key.text in _OWN:
            own.append((key, value))
        elif grouped and key.text == "expect" and isinstance(value, Pairs):
            rest.extend(value.pairs)
        else:
            rest.append((key, value))
    settings = Pairs(line, tuple(rest))
    return Pairs(line, tuple(own)), msgspec.structs.replace(check, settings=settings)


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
