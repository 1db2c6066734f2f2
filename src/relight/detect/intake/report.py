"""Customers' reports: a form, a mailbox and a ticket system's webhook."""

from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs

import msgspec

from relight.detect.handed import Handed, NotReadable, Received, Report
from relight.detect.intake import Format
from relight.detect.intake._reading import cut, must_bear, read_object, typed

FORM = "application/x-www-form-urlencoded"
_LONGEST_TEXT = 4000


class WireReport(msgspec.Struct, frozen=True):
    """A report as a ticket system sends it; `id` makes a repeat count once."""

    text: str = ""
    title: str = ""
    service: str = ""
    by: str = ""
    id: str | int = ""


class ReportFormat(Format, frozen=True, kw_only=True):
    """Count what customers report, by service.

    Where `form` is on, the public status page's host has a form at `/report`. A ticket system sends
    JSON to the source's own address: `text`, and if it has them `title`, `service`, `by` and `id`;
    with `bearer` it has to send that as `Authorization: Bearer`. Where `listen` names an address,
    letters to `NAME+KEY@` any host count too, and so does all mail for the `mailbox` there. As many
    as `threshold` reports of one service within the `window` open an alert; it clears when a window
    has passed without one. What customers write is shown beside the service and its incident, to
    people who are signed in alone.
    """

    threshold: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3
    window_s: Annotated[float, msgspec.Meta(ge=60, le=86400)] = 900
    form: bool = True
    listen: str = ""
    mailbox: str = ""
    bearer: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"bearer"})
    LARGEST: ClassVar[int] = 256 * 1024
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "threshold": 3,
        "window_s": 900,
        "listen": "127.0.0.1:2525",
        "mailbox": "support@example.org",
    }

    def read(self, handed: Handed) -> Received:
        """Read one report."""
        if handed.by_mail:
            return self._letter(handed)
        kind = handed.headers.get("content-type", "").partition(";")[0].strip()
        if kind == FORM:
            fields = parse_qs(handed.body.decode("utf-8", "replace"), max_num_fields=20)
            first = {name: values[0] for name, values in fields.items()}
            given = WireReport(**{n: first.get(n, "") for n in ("text", "service", "by")})
        else:
            must_bear(handed, self.bearer)
            given = typed(read_object(handed.body), WireReport)
        if not given.text.strip() and not given.title.strip():
            msg = "The report says nothing."
            raise NotReadable(msg)
        report = Report(
            text=cut(given.text or given.title, _LONGEST_TEXT),
            title=cut(given.title, 200),
            service=given.service,
            by=cut(given.by, 200),
        )
        return Received(reports=(report,), delivery=cut(str(given.id), 200))

    def _letter(self, handed: Handed) -> Received:
        if handed.headers.get("auto-submitted", "no").lower() != "no":
            return Received()  # An absence note is no report.
        text = handed.body.decode("utf-8", "replace")
        report = Report(
            text=cut(text, _LONGEST_TEXT) or "(no text)",
            title=cut(handed.headers.get("subject", ""), 200),
            by=cut(handed.headers.get("from", ""), 200),
        )
        return Received(reports=(report,), delivery=cut(handed.headers.get("message-id", ""), 400))


PLUGIN: type[Format] = ReportFormat
