"""Probes: one file for each way to look at a target from outside."""

import msgspec

from relight.kernel.plug import NoAnswer, Plug
from relight.kernel.ports import Phases, Ports
from relight.kernel.registry import Registry


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found; the worker adds which check it was, from where, and when.

    `took_s` is seconds; `reason` says in a few words what was found and, where it failed, what was
    wanted: "answered 502 Bad Gateway, wanted 2xx". `evidence` pairs a label with a value; `phases`
    says where the time went.
    """

    ok: bool
    took_s: float
    reason: str
    evidence: tuple[tuple[str, str], ...] = ()
    phases: Phases | None = None


def failed(
    fault: str,
    reason: str,
    *,
    took_s: float,
    evidence: tuple[tuple[str, str], ...] = (),
    phases: Phases | None = None,
) -> Result:
    """Give the result of a target that is at fault; `fault` is one word for what failed."""
    told = (("fault", fault), *evidence)
    return Result(ok=False, took_s=took_s, reason=reason, evidence=told, phases=phases)


def unanswered(
    error: NoAnswer,
    *,
    took_s: float,
    evidence: tuple[tuple[str, str], ...] = (),
    phases: Phases | None = None,
) -> Result:
    """Give the result of a target that gave no usable answer."""
    reason = str(error).rstrip(".")
    return failed("connection", reason, took_s=took_s, evidence=evidence, phases=phases)


class Probe(Plug, frozen=True, kw_only=True):
    """Base of every probe. A plug-in module names its class as `PLUGIN`."""

    async def observe(self, ports: Ports) -> Result:
        """Look once.

        A target that fails is a result with `ok=False`, never an exception. Raises `Transient` or
        `Permanent` only where it could not be found out, which says nothing about the target.
        """
        raise NotImplementedError


PROBES = Registry("relight.detect.probes", seam="probe", base=Probe)
