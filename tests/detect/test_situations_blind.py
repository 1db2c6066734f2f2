"""How often the verdict misses in situations that were answered without sight of its rules.

Nothing here says how the rules should decide. What they miss is written down, so that a change
which misses more is noticed, and one which misses fewer lowers the number.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from relight.detect.verdict import verdict
from relight.detect.verdict_rules import Domain
from tests.detect.test_situations import Staged, staged

FILE = Path(__file__).with_name("situations_blind.toml")
BLIND = msgspec.convert(tomllib.loads(FILE.read_text("utf-8"))["situation"], list[Staged])


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict's first answer, and the one that was expected."""

    given: Domain
    expected: Domain


KNOWN_MISSES: Mapping[str, Miss] = {
    "SERVFAIL on both routes, and one region still answers from a cache": Miss(
        given=Domain.ORIGIN, expected=Domain.DNS
    ),
    "our own network is down, and customers' pages load as usual": Miss(
        given=Domain.REGION, expected=Domain.UNCLEAR
    ),
    "the vendor says so half an hour late, after a release was taken back in vain": Miss(
        given=Domain.CHANGE, expected=Domain.VENDOR
    ),
    "a flag breaks the script in browsers, and every probe is content": Miss(
        given=Domain.CLIENT, expected=Domain.CHANGE
    ),
    "loads fail on a third of all sites, while probes are well and nothing changed": Miss(
        given=Domain.EDGE, expected=Domain.UNCLEAR
    ),
}
"""A miss rate of 5 in 10."""


def test_there_are_ten() -> None:
    assert len({each.name for each in BLIND}) == len(BLIND) == 10


def test_the_misses_are_the_known_ones() -> None:
    misses = {
        told.name: Miss(given=found.domain, expected=told.first)
        for told in BLIND
        if (found := verdict(staged(told))).domain is not told.first
    }

    lines = [
        f"  {name}: {miss.given} given, {miss.expected} expected" for name, miss in misses.items()
    ]
    print(f"{len(misses)} of {len(BLIND)} missed", *lines, sep="\n")  # noqa: T201 - pytest -s shows it

    more = {name: miss for name, miss in misses.items() if KNOWN_MISSES.get(name) != miss}
    fewer = [name for name in KNOWN_MISSES if name not in misses]
    assert not more, "missed, and not known to be"
    assert not fewer, "no longer missed: take it out of KNOWN_MISSES"
