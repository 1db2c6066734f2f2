"""Who outside is told, again and again, that we are here."""

import msgspec


class Watchdog(msgspec.Struct, frozen=True, kw_only=True):
    """An address outside that is pinged while we are well, so that our silence is noticed there.

    `url` is an address, or a reference to one, since whoever has it can ping in our name.
    """

    url: str
    every_s: int = 60
