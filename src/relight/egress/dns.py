"""Asks name servers over UDP, and over TCP where an answer does not fit."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.TXT import TXT

from relight.egress.connect import said
from relight.egress.policy import Egress, NotAllowed, refusal
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import DnsAnswer, DnsRecord, Resolver
from relight.kernel.url import host_and_port, is_address

_PORT = 53
_PAYLOAD = 1232  # What passes everywhere without being cut up (the DNS flag day of 2020).
_TRIES = 3


class NameServers:
    """The `Dns` port."""

    def __init__(self, egress: Egress, resolver: Resolver, clock: Clock) -> None:
        """Take the policy, the resolver for servers given by name, and the clock that measures."""
        self._egress = egress
        self._resolver = resolver
        self._clock = clock

    async def ask(
        self,
        name: str,
        kind: str,
        *,
        server: str = "",
        timeout_s: float,
        dnssec: bool = False,
        unchecked: bool = False,
    ) -> DnsAnswer:
        """Ask one server after the other until one answers, all within `timeout_s`.

        Raises `NoAnswer` where none answers, `Transient` or `Permanent` where none can be asked.
        """
        query = _query(name, kind, dnssec=dnssec)
        if unchecked:
            query.flags |= dns.flags.CD
        began_s = self._clock.monotonic_s()
        servers, port = await self._servers(server)
        failure = NoAnswer("There is no name server to ask.")
        for index, address in enumerate(servers):
            left_s = timeout_s - (self._clock.monotonic_s() - began_s)
            share_s = max(0.01, left_s) / (len(servers) - index)
            try:
                answer, over_tcp = await self._ask_one(query, address, port, share_s)
            except NoAnswer as error:
                failure = error
                continue
            return DnsAnswer(
                rcode=dns.rcode.to_text(answer.rcode()),
                records=_records(answer, kind),
                authenticated=bool(answer.flags & dns.flags.AD),
                over_tcp=over_tcp,
                server=address,
                took_s=self._clock.monotonic_s() - began_s,
            )
        raise failure

    async def _servers(self, server: str) -> tuple[Sequence[str], int]:
        if not server:
            return _machines_own(), _PORT
        host, port = host_and_port(server, _PORT)
        found = await self._resolver.addresses(host, port)
        for address in found:
            reason = refusal(address, self._egress)
            if reason:
                msg = f"{address} {reason}; Relight does not call it."
                raise NotAllowed(msg)
        return found, port

    async def _ask_one(
        self, query: dns.message.QueryMessage, address: str, port: int, timeout_s: float
    ) -> tuple[dns.message.Message, bool]:
        try:
            async with asyncio.timeout(timeout_s):
                answer = await _over_udp(query, address, port, timeout_s / _TRIES)
                if not answer.flags & dns.flags.TC:
                    return answer, False
                return await _over_tcp(query, address, port), True
        except TimeoutError as error:
            msg = f"The name server {address} did not answer within {timeout_s:.3g} s."
            raise NoAnswer(msg) from error
        except (OSError, EOFError) as error:
            msg = f"The name server {address}: {said(error)}."
            raise NoAnswer(msg) from error


def _query(name: str, kind: str, *, dnssec: bool) -> dns.message.QueryMessage:
    try:
        if kind == "PTR" and is_address(name):
            name = dns.reversename.from_address(name).to_text()
        query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=dnssec, payload=_PAYLOAD)
    except (dns.exception.DNSException, UnicodeError) as error:
        msg = f"`{kind} {name}` cannot be asked of a name server."
        raise Permanent(msg) from error
    if dnssec:
        query.flags |= dns.flags.AD
    return query


def _machines_own() -> list[str]:
    try:
        return [str(each) for each in dns.resolver.Resolver().nameservers]
    except (dns.exception.DNSException, OSError) as error:
        msg = "This machine names no name server to ask."
        raise Transient(msg, hint="Give one as `resolver`.") from error


def _socket(address: str, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, kind)
    opened.setblocking(False)
    return opened


async def _over_udp(
    query: dns.message.QueryMessage, address: str, port: int, each_s: float
) -> dns.message.Message:
    """Ask until an answer comes, again after `each_s`, since a datagram may be lost."""
    loop = asyncio.get_running_loop()
    wire = query.to_wire()
    # Connected, so that the kernel takes answers of this server alone and tells of a closed port.
    with _socket(address, socket.SOCK_DGRAM) as asked:
        asked.connect((address, port))
        while True:
            await loop.sock_sendall(asked, wire)
            try:
                async with asyncio.timeout(each_s):
                    return await _own_answer(asked, query)
            except TimeoutError:
                continue


async def _own_answer(asked: socket.socket, query: dns.message.QueryMessage) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    while True:
        answer = _parsed(await loop.sock_recv(asked, 65535))
        # Whatever is not an answer to this question may be forged, and another may still come.
        if answer is not None and query.is_response(answer):
            return answer


async def _over_tcp(
    query: dns.message.QueryMessage, address: str, port: int
) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    wire = query.to_wire()
    with _socket(address, socket.SOCK_STREAM) as asked:
        await loop.sock_connect(asked, (address, port))
        await loop.sock_sendall(asked, len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await _exactly(asked, 2), "big")
        answer = _parsed(await _exactly(asked, size))
    if answer is None or not query.is_response(answer):
        msg = f"The name server {address} answered what is not DNS."
        raise NoAnswer(msg)
    return answer


async def _exactly(asked: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        data = await asyncio.get_running_loop().sock_recv(asked, size - len(found))
        if not data:
            raise EOFError
        found += data
    return bytes(found)


def _parsed(wire: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None


def _records(answer: dns.message.Message, kind: str) -> tuple[DnsRecord, ...]:
    wanted = dns.rdatatype.from_text(kind)
    found: list[DnsRecord] = []
    for each in answer.answer:
        if each.rdtype == wanted:
            records = cast("Iterable[dns.rdata.Rdata]", each)
            found += [DnsRecord(_shown(record), each.ttl) for record in records]
    return tuple(found)


def _shown(record: dns.rdata.Rdata) -> str:
    if isinstance(record, TXT):
        # One text, however many strings it was cut into.
        return b"".join(record.strings).decode("utf-8", "replace")
    return " ".join(word.removesuffix(".") or word for word in record.to_text().split(" "))
