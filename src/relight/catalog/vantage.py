"""Vantage points: other places to look from, so that one region failing is told from all."""

from collections.abc import Sequence

import msgspec

from relight.catalog.service import Check

HERE = "here"
"""Where this Relight itself stands."""


class VantagePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Another place to look from. Without `services` it looks at all of them."""

    name: str
    services: tuple[str, ...] = ()


def vantage_of(check: Check, points: Sequence[VantagePoint]) -> tuple[str, ...]:
    """Name where a check is looked at from: as it says itself, else from here and all that may."""
    if check.looks_from:
        return check.looks_from
    may = (each.name for each in points if not each.services or check.service in each.services)
    return (HERE, *may)
