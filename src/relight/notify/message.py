"""What is said to one person: composed once, then laid out by each channel in its own way."""

from datetime import datetime
from enum import StrEnum

import msgspec

from relight.kernel.severity import Severity


class Kind(StrEnum):
    """Why a person hears from us; a channel may give a page more urgency than news."""

    PAGE = "page"
    UPDATE = "update"
    RESOLVED = "resolved"
    SIGNIN = "signin"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The incident that a message is about; `number` is the short name people say: `INC-3`."""

    id: str
    number: str
    title: str


class Detail(msgspec.Struct, frozen=True):
    """One labelled fact below the sentence: `Failing since`, `08:14 UTC`."""

    label: str
    value: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one person. Links are absolute; an empty one is left out by the channel.

    `delivery_id` is the idempotency key: the same for every attempt. `sentence` is the one plain
    sentence that says what is the matter; `at` is aware UTC, when it was composed.
    """

    delivery_id: str
    kind: Kind
    recipient: str
    title: str
    sentence: str
    at: datetime
    severity: Severity | None = None
    incident: About | None = None
    services: tuple[str, ...] = ()
    url: str = ""
    acknowledge_url: str = ""
    details: tuple[Detail, ...] = ()
    drill: bool = False

    @property
    def subject(self) -> str:
        """One line for a subject or a notification's head: `[S1] INC-3 widget fails`."""
        marks = [f"[{self.severity}]"] if self.severity else []
        if self.drill:
            marks.insert(0, "[DRILL]")
        number = [self.incident.number] if self.incident else []
        return " ".join([*marks, *number, " ".join(self.title.split())])
