"""Who did something: a person, one of our rules, an outside machine, or whoever is at the shell."""

from enum import StrEnum

import msgspec


class ActorKind(StrEnum):
    """What sort of actor stands behind an entry."""

    PERSON = "person"
    RULE = "rule"
    MACHINE = "machine"
    OPERATOR = "operator"


class Actor(msgspec.Struct, frozen=True):
    """The author of an entry, as the timeline shows it."""

    kind: ActorKind
    name: str

    @property
    def is_human(self) -> bool:
        """Whether a person answers for it: someone signed in, or someone at the shell."""
        return self.kind in {ActorKind.PERSON, ActorKind.OPERATOR}

    def __str__(self) -> str:
        """Give the name people read."""
        return "Relight" if self.kind is ActorKind.RULE else self.name


def person(name: str) -> Actor:
    """Name a person of the catalogue as the author."""
    return Actor(ActorKind.PERSON, name)


def rule(name: str) -> Actor:
    """Name one of Relight's own rules (triage, paging, gate) as the author."""
    return Actor(ActorKind.RULE, name)


def machine(name: str) -> Actor:
    """Name an outside program that called the API with a token."""
    return Actor(ActorKind.MACHINE, name)


def operator(name: str) -> Actor:
    """Name the OS user who may write the data folder and so acts as local admin."""
    return Actor(ActorKind.OPERATOR, name)
