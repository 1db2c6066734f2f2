"""Messages to deliver in tests."""

from datetime import UTC, datetime

from relight.kernel.severity import Severity
from relight.notify.message import About, Detail, Kind, Message

PAGE = Message(
    delivery_id="inc-0190/7/oncall/1",
    kind=Kind.PAGE,
    recipient="rebecca",
    title="widget fails: Überlast für <b>Phở</b>",
    sentence="widget answers 502 through the edge since 08:14 UTC; direct it works.",
    at=datetime(2026, 1, 5, 8, 15, tzinfo=UTC),
    severity=Severity.S1,
    incident=About(id="0190", number="INC-3", title="widget fails"),
    services=("widget", "api"),
    url="https://relight.example/incidents/INC-3",
    acknowledge_url="https://relight.example/acknowledge/abc.def",
    details=(Detail("Failing since", "08:14 UTC"),),
)
