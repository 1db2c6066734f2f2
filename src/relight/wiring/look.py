"""One look with one probe, with or without a kit, and nothing of it kept."""

from pathlib import Path

import msgspec

from relight.catalog.catalog import Catalog
from relight.config.alone import read_alone
from relight.detect.probes import PROBES, Result
from relight.egress.outside import open_ports
from relight.kernel.clock import SystemClock
from relight.kernel.faults import RelightError, did_you_mean
from relight.kernel.plug import PlugFailed, Plugged
from relight.kernel.secret import Masker, Secret, resolve
from relight.wiring.kit import KINDS, read
from relight.wiring.plugs import plug_in


class NotFoundOut(PlugFailed):
    """It could not be found out, which says nothing about the target."""


class NoSuchCheck(RelightError):
    """The kit declares no such check."""


def declared_check(kit: Path, key: str) -> Plugged:
    """Give the probe of a check by its key. Raises `NoSuchCheck`, `KitMissing`, `KitFaulty`."""
    checks = read(kit, None, SystemClock().now()).catalog.checks()
    if key not in checks:
        msg = f"There is no check `{key}`."
        raise NoSuchCheck(msg, hint=did_you_mean(key, checks))
    return checks[key].probe


def written_probe(kind: str, settings: list[tuple[str, str]], *, kit: Path) -> Plugged:
    """Give the probe that a command line describes. Raises `UnknownKind`, `SettingsFaulty`."""
    return read_alone(kind, settings, seam=PROBES, kinds=KINDS, root=kit)


async def look(declared: Plugged, *, kit: Path) -> Result:
    """Look once; secrets in what comes back are hidden.

    References are read from the environment and from files of the kit folder. Raises
    `SecretMissing`, and `NotFoundOut` where the trouble is our own.
    """
    masker = Masker()

    def secret_of(reference: str) -> Secret:
        secret = resolve(reference, root=kit)
        masker.learn(secret)
        return secret

    probe = plug_in(PROBES, declared, secret_of).within(kit)
    ports = open_ports(Catalog(name="", version=""), SystemClock())
    try:
        result = await probe.observe(ports)
    except PlugFailed as error:
        raise NotFoundOut(masker.mask(str(error)), hint=masker.mask(error.hint)) from None
    return msgspec.structs.replace(
        result,
        reason=masker.mask(result.reason),
        evidence=tuple((name, masker.mask(value)) for name, value in result.evidence),
    )
