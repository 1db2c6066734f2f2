"""Where an incident stands, who does what in it, and for whom a word is meant."""

from enum import StrEnum


class Status(StrEnum):
    """The lifecycle. `triage` waits for a person; the last four have ended."""

    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DECLINED = "declined"
    MERGED = "merged"

    @property
    def live(self) -> bool:
        """Whether someone still has work to do on it."""
        return self in {Status.TRIAGE, Status.INVESTIGATING, Status.IDENTIFIED, Status.MONITORING}


class Duty(StrEnum):
    """What a person does in an incident (article 004). One commander at every instant."""

    COMMANDER = "commander"
    OPERATIONS = "operations"
    COMMUNICATIONS = "communications"
    SCRIBE = "scribe"


class Audience(StrEnum):
    """For whom an update is written."""

    INTERNAL = "internal"
    PUBLIC = "public"
