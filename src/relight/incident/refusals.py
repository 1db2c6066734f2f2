"""Why an incident says no, each named by the state that stands in the way."""

from relight.kernel.faults import Refused


class NotDeclared(Refused):
    """There is no such incident."""


class AlreadyDeclared(Refused):
    """This incident has been declared."""


class NotLive(Refused):
    """This incident has ended."""

    hint = "Reopen it first if it is not over."


class NotEnded(Refused):
    """This incident has not ended."""

    hint = "Resolve it first."


class AlreadyResolved(Refused):
    """This incident is resolved."""


class AlreadyAcknowledged(Refused):
    """You have it already."""


class CommanderMustHandOver(Refused):
    """A live incident needs a commander at every instant."""

    hint = "Let the next person take the duty; that hands it over."


class NobodyHasDuty(Refused):
    """Nobody has that duty."""


class PersonMissing(Refused):
    """This needs a person's name."""


class ReasonMissing(Refused):
    """This needs a reason."""

    hint = "Say in a few words why; it goes on the record."


class TextMissing(Refused):
    """There are no words to record."""


class GateNotPassed(Refused):
    """The data does not show recovery yet."""

    hint = "Wait until the gate passes, or resolve with a reason."


class LastWordMissing(Refused):
    """The public page knows of this incident and waits for a last word."""

    hint = "Write the closing update for the public page."


class NoSuchEntry(Refused):
    """The timeline has no such entry."""


class SameAsBefore(Refused):
    """It is so already."""


class NotLater(Refused):
    """The next update has to lie ahead."""


class NotItsService(Refused):
    """That service is no part of this incident."""


class OnlyItsService(Refused):
    """That is the only service of this incident."""

    hint = "Give it another title instead, or decline it."


class MergeIntoItself(Refused):
    """An incident cannot be merged into itself."""
