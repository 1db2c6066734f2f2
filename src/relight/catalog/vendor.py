"""Vendors whose own word on how they stand is read."""

import msgspec

from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor that services depend on, and the feed in which it says how it stands.

    `aside` is a regular expression: components that match it count only for a service that asks for
    them. With `declare`, trouble of the vendor alone raises an alert of that severity.
    """

    name: str
    title: str
    feed: Plugged
    every_s: int = 120
    declare: Severity | None = None
    aside: str = ""
