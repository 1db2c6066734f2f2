"""What a kit may say: the keys of `relight.yaml`, the kinds of each seam, the severities."""

import io
from collections.abc import Mapping
from typing import Any, cast

from msgspec import inspect as types
from ruamel.yaml import YAML

from relight.catalog.severity_matrix import DEFAULT
from relight.config.kinds import Seam
from relight.config.plugs import fields_of
from relight.config.schema import DocumentedSection, document
from relight.config.section import written
from relight.config.typed import is_duration, written_name
from relight.kernel.plug import Plug
from relight.kernel.severity import Severity
from relight.wiring.kit import KINDS
from tools.docs.page import Page, code, fenced, manual, table

_LIST_OF = {
    "probe": "checks",
    "channel": "contacts",
    "publisher": "publish",
    "format": "intake",
    "feed": "vendors",
}
_PLACE = {
    "probe": "Under `checks:` of a service. The keys that every check has (`every`, `failures`, "
    "`route`, …) are listed in [configuration.md](configuration.md) and stand beside these.",
    "channel": "Under `contacts:` of a person.",
    "publisher": "Under `publish:` of `status_page:`.",
    "format": "Under `from:` of an entry of `intake:`. `relight intake url NAME` prints the "
    "address and key of each.",
    "feed": "Under `feed:` of an entry of `vendors:`. A vendor that is known by name needs none.",
}
_INTRODUCES = {
    "probe": "A probe looks at a target from outside and says whether it is well.",
    "channel": "A channel is a way to reach a person.",
    "publisher": "A publisher keeps a static copy of the public status page somewhere.",
    "format": "A format is how a program or person outside tells of alerts, changes or reports.",
    "feed": "A feed is where a vendor says how it stands, in one of several formats.",
}


def configuration() -> Page:
    """List every key of `relight.yaml`, and where each kind's own settings are."""
    page = Page(
        "configuration.md",
        "relight.yaml",
        "Every key, with how it is written and what it is when you leave it out. Durations are a "
        "whole number and `s`, `m`, `h`, `d` or `w`. A secret is named, never written: `env:NAME` "
        "or `file:PATH`, where a path starts at the kit folder. An unknown key is refused with "
        "the nearest right one; `relight check` lists every fault at once, with its line.",
    )
    for section in document(KINDS):
        if section.title.partition(" ")[0] in _LIST_OF:
            continue
        page.add(f"## {_heading(section.title)}", section.meaning, _keys(section))
        for row in section.rows:
            if not row.meaning:
                page.lacks(f"the key `{row.key}` of `{section.title}`")
    pages = ", ".join(f"[{seam}s]({seam}s.md)" for seam in _LIST_OF)
    page.add("## Kinds", f"The settings of each kind are on pages of their own: {pages}.")
    return page


def _heading(title: str) -> str:
    return title if title == "relight.yaml" else code(title)


def _keys(section: DocumentedSection) -> str:
    rows = [
        (
            code(row.key),
            row.type,
            "required" if row.required else _default(row.default),
            row.meaning,
        )
        for row in section.rows
    ]
    return table(("Key", "Written as", "Default", "Meaning"), rows)


def seam(of: Seam) -> Page:
    """List the kinds of one seam: manual, settings, example."""
    noun = of.seam
    page = Page(f"{noun}s.md", f"{noun.capitalize()}s", _INTRODUCES[noun], _PLACE[noun])
    sections = {each.title: each for each in document(KINDS)}
    for kind in of.kinds():
        plug = of.get(kind)
        page.add(f"## {kind}", _manual(plug) or "")
        if not manual(plug):
            page.lacks(f"the {noun} `{kind}`")
        if not plug.EXAMPLE:
            page.faults.append(f"the {noun} `{kind}` has no EXAMPLE")
        page.add(_settings(sections[f"{noun} {kind}"]))
        for name, field in fields_of(plug).items():
            if f"`{name}" not in _manual(plug) and not _described(field):
                page.lacks(f"the setting `{name}` of the {noun} `{kind}`")
        page.add("For example:", fenced(example(noun, kind, plug), "yaml"))
    page.add(_how_to_add(noun))
    return page


def _settings(section: DocumentedSection) -> str:
    meanings = any(row.meaning for row in section.rows)
    rows = [
        (
            code(row.key),
            row.type,
            "required" if row.required else _default(row.default),
            *((row.meaning,) if meanings else ()),
        )
        for row in section.rows
    ]
    return table(
        ("Setting", "Written as", "Default", *(("Meaning",) if meanings else ())),
        rows,
    )


def _default(words: str) -> str:
    """Mark a value as code; several words are a sentence already."""
    return words if " " in words else code(words)


def _manual(plug: type[Plug]) -> str:
    """Give the manual with each setting by the name that users write (`slow` for `slow_s`)."""
    text = manual(plug)
    for name, field in fields_of(plug).items():
        text = text.replace(code(field.name), code(name))
    return text


def _described(field: types.Field) -> bool:
    kind = field.type
    if not isinstance(kind, types.Metadata):
        return False
    extra = cast("dict[str, object]", kind.extra_json_schema or {})
    return bool(extra.get("description"))


def example(noun: str, kind: str, plug: type[Plug]) -> str:
    """Write a kind's EXAMPLE as it stands in `relight.yaml`."""
    fields = {field.name: field for field in fields_of(plug).values()}
    settings = {
        written_name(fields[name]): written(name, value) if is_duration(fields[name]) else value
        for name, value in plug.EXAMPLE.items()
    }
    key = {"format": "from", "feed": "feed"}.get(noun)
    one = {"name": kind, key: {kind: settings}} if key else {kind: settings}
    return yaml({_LIST_OF[noun]: [one]})


def yaml(value: Mapping[str, Any]) -> str:
    """Write plain values as block YAML."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 96
    out = io.StringIO()
    writer.dump(value, out)  # pyright: ignore[reportUnknownMemberType]
    return out.getvalue()


def _how_to_add(noun: str) -> str:
    return (
        f"An installed Python package can bring a {noun} of its own through the entry point group "
        f"`relight.{noun}`; [Write a probe](../guides/write-a-probe.md) shows how one is written."
    )


def severities() -> Page:
    """Print the severity table as it is without any change of the user's."""
    page = Page(
        "severities.md",
        "Severities",
        "What each severity means and asks for, unless `severities:` in `relight.yaml` says "
        "otherwise. S1 is the worst.",
    )
    page.add(
        table(
            ("Severity", "Meaning"),
            [(each.value, DEFAULT.rule(each).meaning) for each in Severity],
        )
    )
    section = next(each for each in document(KINDS) if each.title == "severities.SEVERITY")
    rows = [(row.meaning, *row.default.split(" / ")) for row in section.rows]
    page.add("## What it asks for", table(("", *(each.value for each in Severity)), rows))
    page.add(
        "## How a severity is found",
        "An incident declared by rule is graded by what the checks show. All checks on the users' "
        "way failing, or all direct checks failing, is S1. Some checks failing is S2. A service "
        "with `core: false` is S3. How many users are affected is not measured yet, and the "
        "reason on the timeline says `reach unknown`. A severity is only ever raised by rule; a "
        "person may change it either way, with a reason.",
        "## Who is told",
        "A severity that pages calls whoever is on call, again and again, until someone has it. "
        "S3 does not page: everyone gets one mail. S4 tells nobody. Mail to customers is part of "
        "the table, and this version does not send it.",
    )
    return page
