"""Vendors by name, and what a service depends on: other services, vendors, parts of vendors."""

from collections.abc import Mapping, Sequence

import msgspec

from relight.catalog.vendor import Vendor
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, choice, duration, many, one_text
from relight.config.known_vendors import known_vendors
from relight.config.notes import Notes, shown, suggestion
from relight.config.plugs import plug_form
from relight.config.section import Found, Key, Section, build, made_of, read_section
from relight.config.tree import Node, Pairs, Scalar
from relight.kernel.faults import Level
from relight.kernel.severity import Severity

SERVICE_OR_VENDOR = ("service", "vendor")

VENDOR = Section(
    path="vendors[]",
    noun="a vendor",
    meaning="Whose own word on how they stand is read. A bare name is one that is known.",
    shape=Vendor,
    later=frozenset({"contract", "credits", "was"}),
    keys=(
        Key(
            name="name",
            form=forms.declared("vendor"),
            required=True,
            meaning="A short name; `relight vendor search` finds those that are known.",
        ),
        Key(
            name="feed",
            form=plug_form("feed", lambda kinds: kinds.feeds, lambda _text: None),
            meaning="Where it says how it stands.",
            default="what is known of the name",
        ),
        Key(
            name="every",
            field="every_s",
            form=duration(least_s=30),
            meaning="How often to read it.",
        ),
        Key(
            name="declare",
            form=choice(Severity),
            meaning="Raise an alert of this severity when the vendor has trouble that touches a "
            "service. Without it, what vendors say is evidence alone.",
        ),
    ),
)


def _vendor(found: Found, notes: Notes) -> Vendor | Nothing:
    values = dict(found.values)
    name = values.get("name", "")
    known = known_vendors().get(name)
    if known is not None:
        values.setdefault("feed", known.feed)
        values["aside"] = known.aside
    elif name and "feed" not in found.lines:
        what = f"The vendor `{shown(name)}` is not known by name and has no `feed`."
        nearest = suggestion(name, list(known_vendors()))
        notes.wrong(found.line, what, nearest or "Write `feed: {statuspage: {url: …}}`.")
    values["title"] = known.title if known else name
    return build(Vendor, values)


def _read_vendor(node: Node, notes: Notes, key: str) -> Vendor | Nothing:
    if isinstance(node, Scalar) and not node.empty:
        node = Pairs(node.line, ((Scalar(node.line, "name"), node),))
    return made_of(VENDOR, _vendor).read(node, notes, key)


VENDORS_FORM = many(Form("name, or keys of `vendors[]`", _read_vendor), "vendor")


class Need(msgspec.Struct, frozen=True):
    """What a service depends on, and which components where it is a vendor; none means all."""

    name: str
    parts: tuple[str, ...] = ()


def _on_vendor(node: Node, notes: Notes, key: str) -> str | Nothing:
    return _referred(node, notes, key, ("vendor",), Level.ERROR)


def _referred(
    node: Node, notes: Notes, key: str, nouns: tuple[str, ...], level: Level
) -> str | Nothing:
    text = one_text(node, notes, key)
    if not isinstance(text, Nothing):
        hint = f"Add `vendors: [{text}]` to relight.yaml." if text in known_vendors() else ""
        notes.refer(nouns, text, node.line, level, hint)
    return text


DEPENDS = Section(
    path="services[].depends_on[]",
    noun="a dependency",
    meaning="Instead of a name: a vendor, and which of its components matter.",
    keys=(
        Key(
            name="vendor",
            form=Form("name of a vendor", _on_vendor),
            required=True,
            meaning="Which vendor.",
        ),
        Key(
            name="components",
            form=many(forms.TEXT, "component"),
            meaning="Words that the component's name holds, in any case; "
            "`Cloud SQL + europe-west4` wants both.",
            default="all",
        ),
    ),
)


def _read_need(node: Node, notes: Notes, key: str) -> Need | Nothing:
    if not isinstance(node, Pairs):
        text = _referred(node, notes, key, SERVICE_OR_VENDOR, Level.WARNING)
        return NOTHING if isinstance(text, Nothing) else Need(text)
    found = read_section(DEPENDS, node, notes)
    if isinstance(found, Nothing) or "vendor" not in found.values:
        return NOTHING
    return Need(found.values["vendor"], found.values.get("components", ()))


NEEDS_FORM = many(
    Form("name of a service or vendor, or `{vendor: NAME, components: […]}`", _read_need),
    "service or vendor",
)


def needs(found: Sequence[Need]) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Give the names, once each, and by vendor the components that matter."""
    names = tuple(dict.fromkeys(each.name for each in found))
    parts: dict[str, tuple[str, ...]] = {}
    for each in found:
        if each.parts:
            parts[each.name] = (*parts.get(each.name, ()), *each.parts)
    whole = {each.name for each in found if not each.parts}
    return names, {name: these for name, these in parts.items() if name not in whole}
