"""Customers: on whose pages we stand, and who of them pays."""

from decimal import Decimal

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """One row of customers.csv. `sites` are the host names on which their pages stand.

    Without `sites` any page may report in their name. `monthly_fee` is in `currency`.
    """

    key: str
    name: str
    tier: str = ""
    paying: bool = False
    monthly_fee: Decimal | None = None
    currency: str = ""
    email: str = ""
    sites: tuple[str, ...] = ()

    def stands_on(self, host: str) -> bool:
        """Whether a host is one of theirs, or lies below one."""
        return not self.sites or any(
            host == site or host.endswith(f".{site}") for site in self.sites
        )
