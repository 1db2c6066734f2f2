"""People: who can be called, by what, and what they may do here."""

from enum import StrEnum

import msgspec

from relight.kernel.plug import Plugged

EVERYONE = "everyone"


class Role(StrEnum):
    """What an account may do; each includes the ones before it."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person, who is also the account. A page goes to all of their contacts."""

    name: str
    zone: str = "UTC"
    role: Role = Role.RESPONDER
    contacts: tuple[Plugged, ...] = ()


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A simple rotation: from a local date and time in the zone, each person for `every_days`."""

    name: str
    zone: str = "UTC"
    starts: str
    every_days: int = 7
    people: tuple[str, ...]
