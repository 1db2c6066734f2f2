"""Which addresses may be called, and on whose word."""

import ipaddress
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from relight.kernel.plug import Permanent


class NotAllowed(Permanent):
    """Relight does not call that address."""


class Egress(Enum):
    """Who named the target."""

    OWNER = "owner"
    """It stands in the owner's relight.yaml: loopback, private networks and plain http are fine."""
    PUBLIC = "public"
    """A subscriber, the API or someone who is not an admin gave it: global addresses only."""


_network = ipaddress.ip_network
_LINK_LOCAL = (_network("169.254.0.0/16"), _network("fe80::/10"))
_UNSPECIFIED = (_network("0.0.0.0/8"), _network("::/128"))
# Where clouds hand credentials to whoever asks from inside, beside 169.254.169.254:
# AWS over IPv6, Google over IPv6, Alibaba, Azure's wire server, Oracle.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ),
    )
)
_BROADCAST = IPv4Address("255.255.255.255")
# RFC 6052 and RFC 8215: the last 32 bits are the IPv4 address that a translator will call.
_NAT64_HERE = _network("64:ff9b:1::/48")
_NAT64 = (_network("64:ff9b::/96"), _NAT64_HERE)
_COMPATIBLE = _network("::/96")


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether this is an address already, and so needs no lookup."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def refusal(address: str, egress: Egress) -> str | None:
    """Say why an address may not be called, as the end of a sentence, or None where it may.

    An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo) is judged too. A
    zone (`%eth0`) only says which way to go there, so it is left out.
    """
    try:
        outer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "is not an IP address"
    for each in (outer, *_embedded(outer)):
        reason = _always_refused(each)
        if reason is None and egress is Egress.PUBLIC and not _is_public(each):
            reason = "is not a public address"
        if reason:
            return reason
    return None


def _always_refused(address: IPv4Address | IPv6Address) -> str | None:
    if address in _METADATA or str(address) == "169.254.169.254":
        return "hands out this machine's cloud credentials"
    if any(address in network for network in _LINK_LOCAL):
        return "is a link-local address"
    if any(address in network for network in _UNSPECIFIED):
        return "is not the address of any machine"
    if address.is_multicast or address == _BROADCAST:
        return "is an address of many machines"
    return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address.is_site_local or address in _NAT64_HERE):
        return False
    # A wrapper is as public as what it wraps, which is judged by itself.
    return bool(_embedded(address)) or (address.is_global and not address.is_reserved)


def _embedded(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _NAT64) or (
        address in _COMPATIBLE and int(address) > 0xFFFF
    ):
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]
