"""Intake formats: one file for each way in which programs and people outside tell of trouble."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from relight.detect.handed import Answer, Handed, NotTaken, Received
from relight.kernel.plug import Plug
from relight.kernel.registry import Registry
from relight.kernel.severity import Severity


class Format(Plug, frozen=True, kw_only=True):
    """Base of every format. A plug-in module names its class as `PLUGIN`.

    `SEVERITIES` is what the sender's words for how bad it is mean unless the kit says otherwise;
    lower-case. `LARGEST` is the most bytes of one delivery. `DOORS` are addresses that the sender
    knows by heart, below which it carries its key in a header or field of its own.
    """

    SEVERITIES: ClassVar[Mapping[str, Severity]] = {}
    LARGEST: ClassVar[int] = 1 << 20
    DOORS: ClassVar[tuple[str, ...]] = ()

    def read(self, handed: Handed) -> Received:
        """Say what a delivery means. Pure; raises `NotTaken`, whose words hold nothing secret."""
        raise NotImplementedError

    def needs(self, handed: Handed) -> str:
        """Name an address whose content reading needs, as `fetched`; empty for none."""
        del handed
        return ""

    def may_visit(self, url: str) -> bool:
        """Whether an address is the sender's own, so that it may be fetched or called back."""
        del url
        return False

    @classmethod
    def key_of(cls, handed: Handed) -> str:
        """Read the routing key that a sender carries to one of `DOORS`; empty where it has none."""
        del handed
        return ""

    @classmethod
    def refusal(cls, error: NotTaken, handed: Handed) -> Answer:
        """Refuse in the form that the sender understands."""
        del handed
        problem = {"error": type(error).name, "sentence": str(error)}
        if error.hint:
            problem["hint"] = error.hint
        return Answer(status=error.status, body=msgspec.json.encode(problem))


INTAKE = Registry("relight.detect.intake", seam="format", base=Format)
