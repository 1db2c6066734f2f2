"""Sends ICMP echoes: unprivileged where the kernel allows it, raw where we may."""

import asyncio
import os
import secrets
import socket
import struct

from relight.egress.connect import said
from relight.egress.policy import Egress, NotAllowed, refusal
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent
from relight.kernel.ports import Ping, Resolver

_V4_ASK, _V4_BACK = 8, 0
_V6_ASK, _V6_BACK = 128, 129
_LONGEST = 2048


class PingNotAllowed(Permanent):
    """This machine does not let Relight send pings."""


class IcmpPinger:
    """The `Pinger` port."""

    def __init__(self, egress: Egress, resolver: Resolver, clock: Clock) -> None:
        """Take the policy, the resolver and the clock that measures."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock

    async def ping(self, host: str, *, timeout_s: float) -> Ping:
        """Send one echo to the best address and wait for it to come back.

        Raises `NoAnswer`, `Transient` or `Permanent`.
        """
        address = (await self._resolver.addresses(host, 0))[0]
        reason = refusal(address, self._egress)
        if reason:
            msg = f"{address} {reason}; Relight does not call it."
            raise NotAllowed(msg)
        with _open(address) as opened:
            began_s = self._clock.monotonic_s()
            try:
                opened.connect((address, 0))
                async with asyncio.timeout(timeout_s):
                    await _echo(opened)
            except TimeoutError as error:
                msg = f"{host} did not answer a ping within {timeout_s:g} s."
                raise NoAnswer(msg) from error
            except OSError as error:
                msg = f"{host}: {said(error)}."
                raise NoAnswer(msg) from error
            return Ping(address, self._clock.monotonic_s() - began_s)


def _open(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if family is socket.AF_INET6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(family, kind, protocol)
        except PermissionError:
            continue
        except OSError as error:
            msg = f"{address} cannot be pinged: {said(error)}."
            raise NoAnswer(msg) from error
        opened.setblocking(False)
        return opened
    raise PingNotAllowed(
        hint="As root: sysctl -w net.ipv4.ping_group_range='0 2147483647', or give Relight the "
        "capability CAP_NET_RAW. A `tcp` check needs neither."
    )


async def _echo(opened: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    six = opened.family is socket.AF_INET6
    raw = opened.type is socket.SOCK_RAW
    mark = secrets.token_bytes(16)
    ask, back = (_V6_ASK, _V6_BACK) if six else (_V4_ASK, _V4_BACK)
    # The kernel writes the identifier of an unprivileged echo, and the checksum of IPv6.
    number = os.getpid() & 0xFFFF
    head = struct.pack("!BBHHH", ask, 0, 0, number, 1)
    if not six:
        head = struct.pack("!BBHHH", ask, 0, _checksum(head + mark), number, 1)
    await loop.sock_sendall(opened, head + mark)
    while True:
        packet = await loop.sock_recv(opened, _LONGEST)
        if raw and not six and packet:
            packet = packet[(packet[0] & 0x0F) * 4 :]
        # A raw socket hears every echo of this machine; the mark says which one is ours.
        if packet[:1] == bytes([back]) and packet[8:] == mark:
            return


def _checksum(data: bytes) -> int:
    """Sum up as RFC 1071 says."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
