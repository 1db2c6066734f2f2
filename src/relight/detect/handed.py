"""What a sender outside hands in, and what a format reads from it: plain values on both sides."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from relight.detect.situation import Change
from relight.kernel.faults import RelightError

LONGEST_KEY = 512
LONGEST_SUMMARY = 1024
LONGEST_VALUE = 1000
MOST_DETAILS = 40

Pairs = tuple[tuple[str, str], ...]


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """One request, or one letter, as it came.

    `id` is fresh for each. `path` is what follows the routing key or stands for it (`/v2/enqueue`);
    the names of `headers` are lower-case. `fetched` is what was read of the address that
    `Format.needs` named. A `trial` is a sample that a signed-in person tries: nobody has to prove
    who sent it, and nothing of it is written.
    """

    id: str
    now: datetime
    method: str = "POST"
    path: str = ""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    by_mail: bool = False
    fetched: bytes = b""
    trial: bool = False


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong, as its sender says. `key` is the same for the same trouble.

    `word` is the sender's own for how bad it is; `labels` are what a kit may find the service by;
    `said_at` is the sender's clock, which is shown and never counted on.
    """

    key: str
    summary: str
    title: str = ""
    reason: str = ""
    word: str = ""
    labels: Mapping[str, str] = {}
    details: Pairs = ()
    links: Pairs = ()
    said_at: datetime | None = None


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A word about an open alert, for its incident's timeline; `by` is whom the sender names."""

    key: str
    text: str
    by: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A customer says that something does not work. `service` is empty where they name none."""

    text: str
    service: str = ""
    title: str = ""
    by: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is told, in its own form."""

    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What one delivery says.

    `cleared` and `acknowledged` are keys. `delivery` is the sender's id of it, so that a repeat
    counts once; empty where senders have none. `told` is kept to be asked for later by the id of
    the request, as `asks_for` does. `visit` is an address that the sender wants to be called back.
    """

    answer: Answer = Answer()
    raised: tuple[Raised, ...] = ()
    cleared: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    notes: tuple[Noted, ...] = ()
    changes: tuple[Change, ...] = ()
    reports: tuple[Report, ...] = ()
    delivery: str = ""
    told: bytes = b""
    asks_for: str = ""
    visit: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Tell how much of each there is, without what there is none of."""
        parts = {
            "raised": self.raised,
            "cleared": self.cleared,
            "acknowledged": self.acknowledged,
            "notes": self.notes,
            "changes": self.changes,
            "reports": self.reports,
        }
        return {name: len(each) for name, each in parts.items() if each}


class NotTaken(RelightError):
    """What was sent is not taken."""

    status: ClassVar[int] = 400


class NotReadable(NotTaken):
    """What was sent cannot be read."""


class NotGenuine(NotTaken):
    """The signature or key of the sender is not right."""

    status: ClassVar[int] = 401


class NotChecked(NotTaken):
    """Whether it is genuine cannot be checked now."""

    status: ClassVar[int] = 503
    hint = "Send it again in a moment."


class NotServed(NotTaken):
    """There is nothing at this address."""

    status: ClassVar[int] = 404


class TooLarge(NotTaken):
    """That is more than is taken at once."""

    status: ClassVar[int] = 413


class TooSlow(NotTaken):
    """The request did not arrive in time."""

    status: ClassVar[int] = 408


class TooMany(NotTaken):
    """More comes in than can be written down."""

    status: ClassVar[int] = 429
    hint = "Send it again in a moment."
