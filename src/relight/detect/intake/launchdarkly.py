"""LaunchDarkly's webhooks: flags that were turned, as changes."""

from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    at_second,
    bounded,
    cut,
    details,
    must_be_signed,
    read_object,
    typed,
)
from relight.detect.situation import Change, ChangeKind


class WireMember(msgspec.Struct, frozen=True, rename="camel"):
    """Who did it."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""


class WireAccess(msgspec.Struct, frozen=True):
    """What was done to which resource."""

    action: str = ""
    resource: str = ""


class WireEntry(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the audit log."""

    id: str = msgspec.field(default="", name="_id")
    date: float = 0
    kind: str = ""
    name: str = ""
    title_verb: str = ""
    description: str = ""
    comment: str = ""
    accesses: list[WireAccess] = []
    member: WireMember | None = None
    links: dict[str, dict[str, object]] = msgspec.field(default_factory=dict, name="_links")


class LaunchdarklyFormat(Format, frozen=True, kw_only=True):
    """Take what happens to LaunchDarkly's flags as changes.

    Tick "Sign this webhook" there and give its secret as `secret`. Entries about flags and segments
    are changes, all others are taken and change nothing. `environments` lists those that count,
    by key; without it all do. Labels are `flag`, `project` and `environment`.
    """

    secret: str
    environments: tuple[str, ...] = ()

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "secret": "env:LAUNCHDARKLY_SECRET",
        "environments": ["production"],
    }

    def read(self, handed: Handed) -> Received:
        """Read one entry of the audit log."""
        must_be_signed(handed, self.secret, handed.headers.get("x-ld-signature", ""))
        entry = typed(read_object(handed.body), WireEntry)
        access = next(iter(entry.accesses), WireAccess())
        labels = _labels(access.resource)
        elsewhere = self.environments and labels.get("env") not in {None, *self.environments}
        if entry.kind not in {"flag", "segment"} or not entry.id or elsewhere:
            return Received(delivery=entry.id)
        member = entry.member or WireMember()
        site = entry.links.get("site", {}).get("href")
        change = Change(
            id=entry.id,
            source="",
            kind=ChangeKind.FLAG,
            at=at_second(entry.date / 1000) or handed.now,
            summary=cut(f"Flag {entry.name}: {entry.title_verb or access.action}", 300),
            by=cut(f"{member.first_name} {member.last_name}".strip() or member.email, 100),
            link=f"https://app.launchdarkly.com{site}" if isinstance(site, str) else "",
            details=bounded(
                (
                    ("flag", labels.get("flag", "") or entry.name),
                    ("project", labels.get("proj", "")),
                    ("environment", labels.get("env", "")),
                    ("comment", entry.comment),
                    *details({"description": entry.description}),
                )
            ),
        )
        return Received(changes=(change,), delivery=entry.id)


def _labels(resource: str) -> dict[str, str]:
    """Read `proj/shop:env/production:flag/new-checkout;tag`."""
    parts = (part.partition("/") for part in resource.split(":"))
    return {kind: name.partition(";")[0] for kind, _, name in parts}


PLUGIN: type[Format] = LaunchdarklyFormat
