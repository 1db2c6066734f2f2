"""The headers of every answer, and the names by which this house may be called."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import urlsplit

Headers: TypeAlias = list[tuple[bytes, bytes]]

_CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PERMISSIONS = b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def security_headers(*, https: bool) -> Headers:
    """Give what every answer carries. Signed links lie in addresses: no referrer."""
    headers = [
        (b"content-security-policy", _CSP),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", _PERMISSIONS),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    if https:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers


class KnownHosts:
    """The host names that a signed-in request may be sent to.

    A page elsewhere that points its own name at us (DNS rebinding) is refused by this. A bare
    address cannot be rebound, so addresses are let in.
    """

    def __init__(self, base_url: str, allowed: Iterable[str]) -> None:
        """Know our own name and those that the operator allows."""
        own = urlsplit(base_url).hostname or ""
        self._names = {"localhost", own.lower(), *(name.lower() for name in allowed)}

    def __contains__(self, host: object) -> bool:
        """Whether a Host header is ours."""
        if not isinstance(host, str):
            return False
        name = _without_port(host.lower())
        return name in self._names or name.endswith(".localhost") or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1 : host.find("]")]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(peer: str) -> bool:
    """Whether a peer is on this machine; a socket without an address is."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return not peer
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
