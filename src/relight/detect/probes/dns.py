"""Asks a name server and looks at the records."""

import ipaddress
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._quoted import printable
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import DnsAnswer, Phases, Ports
from relight.kernel.url import host_and_port

_MOST_SHOWN = 6
_LONGEST_SHOWN = 100

RecordType = Literal["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SOA", "CAA", "SRV", "PTR"]


class DnsProbe(Probe, frozen=True, kw_only=True):
    """Ask a name server for the records of `domain` and compare them.

    `type` is the kind of record; PTR takes an IP address too. `resolver` is the server to ask, as
    host or host:port, for instance one that is authoritative for the zone; without it, those of
    this machine are asked in turn. It is good when there is a record. With `values`, the records
    have to be these and no others, in any order; with `contains`, these among others. A record is
    written as in a zone file, `10 mail.example.org` for an MX, without a dot at the end; TXT is
    compared as it stands, all else without regard to case. `dnssec: true` wants the server to say
    that it has checked the signatures (the AD bit), which only a validating resolver does. All of
    it ends at `timeout_s`.

    A name that does not exist (NXDOMAIN), a server that could not find out (SERVFAIL), signatures
    that do not hold, a server that refuses (REFUSED), one that is silent, and a name without such
    records are told apart.
    """

    domain: str
    type: RecordType = "A"
    resolver: str = ""
    values: str | tuple[str, ...] = ()
    contains: str | tuple[str, ...] = ()
    dnssec: bool = False
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 5.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "domain": "where2eat.example",
        "type": "A",
        "resolver": "192.0.2.53",
        "values": ["203.0.113.7", "203.0.113.8"],
        "timeout_s": 3,
    }

    def __post_init__(self) -> None:
        """Refuse what could never be asked."""
        labels = self.domain.rstrip(".").split(".")
        if self.domain != "." and not all(0 < len(each.encode()) < 64 for each in labels):
            msg = f"`{self.domain}` is not a name. Write one like www.example.org."
            raise ValueError(msg)
        if any(c.isspace() or c in '/:"' for c in self.domain) and self.type != "PTR":
            msg = f"`{self.domain}` is not a name. Write it without https:// and without a path."
            raise ValueError(msg)
        if self.resolver:
            host_and_port(self.resolver, 53)

    async def observe(self, ports: Ports) -> Result:
        """Ask once."""
        began_s = ports.clock.monotonic_s()
        try:
            answer = await ports.dns.ask(
                self.domain,
                self.type,
                server=self.resolver,
                timeout_s=self.timeout_s,
                dnssec=self.dnssec,
            )
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        bogus = answer.rcode == "SERVFAIL" and await self._answers_unchecked(ports)
        return self._judge(answer, bogus=bogus)

    async def _answers_unchecked(self, ports: Ports) -> bool:
        """Whether the server has an answer that it only keeps back."""
        try:
            answer = await ports.dns.ask(
                self.domain,
                self.type,
                server=self.resolver,
                timeout_s=self.timeout_s,
                unchecked=True,
            )
        except NoAnswer:
            return False
        return answer.rcode == "NOERROR"

    def _judge(self, answer: DnsAnswer, *, bogus: bool) -> Result:
        evidence = [("address", answer.server), ("rcode", answer.rcode)]
        if answer.records:
            evidence.append(("records", _listed([each.text for each in answer.records])))
            evidence.append(("ttl", f"{min(each.ttl_s for each in answer.records)} s"))
        if self.dnssec:
            evidence.append(("authenticated", "yes" if answer.authenticated else "no"))
        phases = Phases(first_byte=answer.took_s, total=answer.took_s)
        fault, reason = self._fault(answer, bogus=bogus)
        if fault:
            return failed(
                fault, reason, took_s=answer.took_s, evidence=tuple(evidence), phases=phases
            )
        return Result(
            ok=True, took_s=answer.took_s, reason=reason, evidence=tuple(evidence), phases=phases
        )

    def _fault(self, answer: DnsAnswer, *, bogus: bool) -> tuple[str, str]:
        match answer.rcode:
            case "NOERROR":
                return self._compared(answer)
            case "NXDOMAIN":
                return "nxdomain", f"{self.domain} does not exist (NXDOMAIN)"
            case "SERVFAIL" if bogus:
                said = f"{self.domain} is not signed rightly (SERVFAIL)"
                return "dnssec", f"{said}: the name server {answer.server} keeps the answer back"
            case "SERVFAIL":
                said = f"the name server {answer.server} could not find out (SERVFAIL)"
                return "servfail", said
            case "REFUSED":
                return "refused", f"the name server {answer.server} refuses to answer (REFUSED)"
            case other:
                return "rcode", f"the name server {answer.server} answered {other}"

    def _compared(self, answer: DnsAnswer) -> tuple[str, str]:
        if not answer.records:
            return "empty", f"{self.domain} has no {self.type} record"
        found = {_canonical(each.text, self.type): each.text for each in answer.records}
        exact = {_canonical(each, self.type): each for each in _all(self.values)}
        among = {_canonical(each, self.type): each for each in _all(self.contains)}
        said = f"answered {_listed(list(found.values()))}"
        if exact and found.keys() != exact.keys():
            return "value", f"{said}, wanted {_listed(list(exact.values()))}"
        lacks = [each for key, each in among.items() if key not in found]
        if lacks:
            return "value", f"{said}, wanted {_listed(lacks)} among them"
        if self.dnssec and not answer.authenticated:
            return "dnssec", f"{said}, but the server has not checked its signatures (no AD bit)"
        return "", said


def _all(written: str | tuple[str, ...]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else written


def _listed(records: list[str]) -> str:
    shown = ", ".join(printable(each[:_LONGEST_SHOWN]) for each in records[:_MOST_SHOWN])
    more = len(records) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _canonical(record: str, kind: RecordType) -> str:
    """Write a record in the one way in which it can be compared."""
    if kind == "TXT":
        return record
    try:
        return str(ipaddress.ip_address(record.strip()))
    except ValueError:
        words = record.replace('"', "").lower().split()
        return " ".join(word.removesuffix(".") or word for word in words)


PLUGIN: type[Probe] = DnsProbe
