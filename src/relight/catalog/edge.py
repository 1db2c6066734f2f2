"""How customers' pages report on a service: what counts as loaded, as slow, as failed."""

import msgspec


class EdgeBeacon(msgspec.Struct, frozen=True, kw_only=True):
    """What the snippet on a customer's page looks at. Shares are from 0 to 1.

    `ready` names what is there once it has loaded: a performance mark, or a variable of the page.
    `watch` and `api` are beginnings of addresses: of its own scripts, and of the calls it makes.
    `hosts` take reports, in the order tried; empty is the host that the script came from.
    """

    slow_s: int = 3
    wait_s: int = 5
    ready: str = ""
    watch: str = ""
    api: str = ""
    sample: float = 1.0
    hosts: tuple[str, ...] = ()
