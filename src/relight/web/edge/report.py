"""One report as it comes over the wire: its text, and what tells where it comes from."""

import ipaddress
from collections.abc import Iterable

import msgspec

from relight.detect.edge.tally import LARGEST

_HERE = frozenset({"127.0.0.1", "::1", ""})
_UNUSUAL = (
    b"\ntransfer-encoding",
    b"\nexpect",
    b"\nupgrade",
    b"\r\n ",
    b"\r\n\t",
)


class Report(msgspec.Struct, frozen=True, gc=False):
    """A report: `origin` is the page's, `forwarded` what a proxy says of who sent it."""

    text: bytes
    origin: bytes = b""
    forwarded: bytes = b""


def whole(data: bytes) -> Report | None:
    """Read a `POST` that is all there and nothing more; None for all that is out of the ordinary.

    Only what decides where a message ends is looked at, and any doubt about it is None: the length
    has to be said once and to be what is there.
    """
    head, end, text = data.partition(b"\r\n\r\n")
    low = head.lower()
    # Searching for each of what must not be there costs less than one pattern for all of it.
    for each in _UNUSUAL:
        if each in low:
            return None
    length = _value(head, low, b"\ncontent-length:")
    if (
        not end
        or len(text) > LARGEST
        or head.count(b"\n") != head.count(b"\r\n")
        or low.count(b"\ncontent-length") != 1
        or not length.isdigit()
        or int(length) != len(text)
        or _value(low, low, b"\nconnection:") not in {b"", b"keep-alive"}
    ):
        return None
    origin = _value(head, low, b"\norigin:") or _value(head, low, b"\nreferer:")
    return Report(text, origin, _value(head, low, b"\nx-forwarded-for:"))


def _value(head: bytes, low: bytes, name: bytes) -> bytes:
    """Find the value of a header, empty where it is not there."""
    begin = low.find(name)
    if begin < 0:
        return b""
    begin += len(name)
    end = head.find(b"\r", begin)
    return (head[begin:end] if end > 0 else head[begin:]).strip()


def of_headers(text: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Report:
    """Make a report of headers whose names are lower-case."""
    known = dict(headers)
    origin = known.get(b"origin") or known.get(b"referer", b"")
    return Report(text, origin, known.get(b"x-forwarded-for", b""))


def visitor(peer: str, forwarded: bytes) -> str:
    """Tell visitors apart by address: the peer's, or what a proxy on our own network says.

    Empty where nothing tells them apart. Of an IPv6 address the network (/64) counts.
    """
    if peer in _HERE and not forwarded:
        return ""
    try:
        network = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    if forwarded and network.is_private:
        return _network_text(forwarded.rpartition(b",")[2].strip().decode("latin-1"))
    return "" if network.is_loopback else _network_text(peer)


def _network_text(address: str) -> str:
    if ":" not in address:
        return address
    try:
        found = ipaddress.ip_network((address, 64), strict=False)
    except ValueError:
        return address
    return str(found)
