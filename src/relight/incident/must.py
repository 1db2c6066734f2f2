"""What every decision asks for first: a live incident, and words where words are needed."""

import unicodedata

from relight.incident import refusals as no
from relight.incident.state import Incident


def must_be_live(incident: Incident) -> None:
    """Refuse with `NotLive` what only makes sense while someone still works on it."""
    if not incident.live:
        raise no.NotLive


def words(text: str) -> str:
    """Give a text without its outer blanks and control signs, or refuse with `TextMissing`."""
    clean = _printable(text)
    if not clean:
        raise no.TextMissing
    return clean


def one_line(text: str) -> str:
    """Give a title as one line of single-spaced words, or refuse with `TextMissing`."""
    return " ".join(words(text).split())


def reason(text: str) -> str:
    """Give a reason as `words` does, or refuse with `ReasonMissing`."""
    clean = _printable(text)
    if not clean:
        raise no.ReasonMissing
    return clean


def _printable(text: str) -> str:
    # Titles and notes are printed on terminals too, where a control sign is a command.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
    ).strip()


def must_part(incident: Incident, service: str) -> None:
    """Refuse to part a service from an incident that has ended, or that it is the whole of."""
    must_be_live(incident)
    if service not in incident.services:
        raise no.NotItsService
    if len(incident.services) == 1:
        raise no.OnlyItsService
