"""How the walk over all probes points one kind at a target: each kind's test module says it."""

import importlib
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from relight.detect.probes import Probe

PATIENCE_S = 0.3
"""What a probe that is aimed by `at` waits at most, so that the silent ones are quickly over."""


@dataclass(frozen=True)
class Aim:
    """One kind, as `AIM` in tests/detect/probes/test_KIND.py.

    `working` serves something that the kind finds good, in a scratch folder, and gives a probe of
    it; `peer` is the program that this needs. `at` aims at host:port with `PATIENCE_S`, and `dials`
    says what is called there: nothing for a kind that calls no address. `url` aims a kind that
    speaks HTTP at a URL, and has it walk past the badly behaved web servers too.
    """

    working: Callable[[Path], AbstractAsyncContextManager[Probe]]
    at: Callable[[str], Probe] | None = None
    dials: Literal["tcp", "udp", "host", "nothing"] = "tcp"
    url: Callable[[str], Probe] | None = None
    peer: str = ""

    def aimed(self, host_port: str) -> Probe:
        """Aim at host:port."""
        assert self.at is not None
        return self.at(host_port)


def aim_of(kind: str) -> Aim:
    """Give what the kind's own test module says."""
    aim = importlib.import_module(f"tests.detect.probes.test_{kind}").AIM
    assert isinstance(aim, Aim)
    return aim


def aims(kinds: Iterable[str]) -> dict[str, Aim]:
    """Give the aims that can be read; the walk has a test that fails for those that cannot."""
    found: dict[str, Aim] = {}
    for kind in kinds:
        with suppress(ImportError, AttributeError):
            found[kind] = aim_of(kind)
    return found
