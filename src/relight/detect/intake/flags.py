"""Feature flags of any system as changes, by JMESPath expressions."""

from typing import Any, ClassVar, cast

from relight.detect.handed import Handed, NotReadable, Received
from relight.detect.intake import Format
from relight.detect.intake._mapping import found_text, must_be_expressions
from relight.detect.intake._reading import (
    at_second,
    bounded,
    cut,
    moment,
    must_be_signed,
    must_bear,
    read_json,
)
from relight.detect.situation import Change, ChangeKind

_EXPRESSIONS = ("flag", "value", "environment", "by", "at", "service", "link", "id")


class FlagsFormat(Format, frozen=True, kw_only=True):
    """Take flags that were turned, from a system of your own or any with a webhook, as changes.

    `flag`, `value`, `environment`, `by`, `at`, `service`, `link` and `id` are JMESPath expressions
    (jmespath.org); as they stand they read a plain object with these names. `at` may be ISO 8601 or
    seconds since 1970; `id` makes a repeat count once. `only` lists the environments that count.
    With `bearer`, the sender has to send that as `Authorization: Bearer`; with `signature`, the hex
    HMAC-SHA256 of the body by that key in the header `X-Signature`.
    """

    flag: str = "flag"
    value: str = "value"
    environment: str = "environment"
    by: str = "by"
    at: str = "at"
    service: str = "service"
    link: str = "link"
    id: str = "id"
    only: tuple[str, ...] = ()
    bearer: str = ""
    signature: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"bearer", "signature"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "flag": "data.new_state.feature.name",
        "value": "data.new_state.enabled",
        "environment": "data.new_state.environment.name",
        "by": "data.changed_by",
        "at": "data.timestamp",
    }

    def __post_init__(self) -> None:
        """Refuse an expression that cannot be read."""
        must_be_expressions(self, _EXPRESSIONS)

    def read(self, handed: Handed) -> Received:
        """Read one change of a flag."""
        must_bear(handed, self.bearer)
        if self.signature:
            given = handed.headers.get("x-signature", "").removeprefix("sha256=")
            must_be_signed(handed, self.signature, given)
        body = read_json(handed.body)
        said = {name: found_text(cast("str", getattr(self, name)), body) for name in _EXPRESSIONS}
        if not said["flag"]:
            msg = "Nothing names the flag."
            raise NotReadable(msg)
        where = said["environment"]
        if self.only and where not in self.only:
            return Received()
        turned = f"Flag {said['flag']} is {said['value']}" if said["value"] else said["flag"]
        at = said["at"]
        change = Change(
            id=said["id"] or handed.id,
            source="",
            kind=ChangeKind.FLAG,
            service=said["service"],
            at=(at_second(float(at)) if at.isdigit() and len(at) < 12 else moment(at))
            or handed.now,
            summary=cut(f"{turned} in {where}" if where else turned, 300),
            by=said["by"],
            link=said["link"] if said["link"].startswith(("https://", "http://")) else "",
            details=bounded((("flag", said["flag"]), ("environment", where))),
        )
        return Received(changes=(change,), delivery=said["id"])


PLUGIN: type[Format] = FlagsFormat
