"""Looks at the certificate of a server."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._certificate import Certificate, faults, moment, read_certificate
from relight.detect.probes._smtp_talk import SmtpTalk, Unwanted
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import CertificateRefused, Ports, Stream, TlsWanted
from relight.kernel.url import host_and_port

_PORT = 443


class TlsProbe(Probe, frozen=True, kw_only=True):
    """Open TLS to `address` (host, or host:port) and look at the server's certificate.

    It is good when the certificate is for the host, leads to a trusted authority, and holds for at
    least `days` more. What is wrong is named, all of it: the name, the chain (an issuer that the
    server does not send along is the usual one), the times. `server_name` asks for another name
    than the address, to look at one machine of several. `roots` are the authorities to trust
    instead of this machine's, for a company's own (`file:ca.pem`). `starttls: smtp` speaks with a
    mail server first. Each handshake ends at `timeout_s`.
    """

    REFERABLE: ClassVar[frozenset[str]] = frozenset({"roots"})

    address: str
    server_name: str = ""
    days: Annotated[int, Meta(ge=0, le=3650)] = 14
    roots: str = ""
    starttls: Literal["none", "smtp"] = "none"
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "where2eat.example:443",
        "days": 21,
        "timeout_s": 5,
    }

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled."""
        host_and_port(self.address, _PORT)

    async def observe(self, ports: Ports) -> Result:
        """Look as a client does; where it refuses, look again to say why."""
        began_s = ports.clock.monotonic_s()
        refused: CertificateRefused | None = None
        try:
            try:
                stream = await self._shaken(ports, verify=True)
            except CertificateRefused as error:
                refused = error
                stream = await self._shaken(ports, verify=False)
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        except Unwanted as error:
            took_s = ports.clock.monotonic_s() - began_s
            return failed(error.step, str(error), took_s=took_s)
        stream.abort()
        return self._judge(ports, stream, refused)

    async def _shaken(self, ports: Ports, *, verify: bool) -> Stream:
        host, port = host_and_port(self.address, _PORT)
        wanted = TlsWanted(name=self._name(), verify=verify, roots=self.roots)
        at_once = wanted if self.starttls == "none" else None
        stream = await ports.dialer.open(host, port, timeout_s=self.timeout_s, tls=at_once)
        try:
            if at_once is None:
                talk = SmtpTalk(stream, host, "localhost")
                await talk.greet()
                await talk.start_tls(wanted)
        except BaseException:
            stream.abort()
            raise
        return stream

    def _judge(self, ports: Ports, stream: Stream, refused: CertificateRefused | None) -> Result:
        now, phases, seen = ports.clock.now(), stream.phases(), stream.tls
        chain = [read_certificate(der) for der in seen.chain] if seen else []
        readable = [each for each in chain if each is not None]
        evidence: tuple[tuple[str, str], ...] = (("address", stream.address),)
        if not readable or chain[0] is None:
            reason = "the certificate cannot be read"
            return failed(
                "certificate", reason, took_s=phases.total, evidence=evidence, phases=phases
            )
        leaf = readable[0]
        left = (leaf.ends - now).days
        evidence += (
            ("holds until", moment(leaf.ends)),
            ("days left", str(left)),
            ("names", leaf.shown_names()),
            ("issuer", leaf.issuer),
            ("tls", seen.version if seen else ""),
        )
        wrong = self._wrong(readable, refused, left, now=now)
        if wrong:
            reason = "; ".join(words for _, words in wrong)
            return failed(
                wrong[0][0], reason, took_s=phases.total, evidence=evidence, phases=phases
            )
        reason = f"the certificate holds until {moment(leaf.ends)}, {_days(left)}"
        return Result(ok=True, took_s=phases.total, reason=reason, evidence=evidence, phases=phases)

    def _wrong(
        self,
        chain: list[Certificate],
        refused: CertificateRefused | None,
        left: int,
        *,
        now: datetime,
    ) -> list[tuple[str, str]]:
        if refused is not None:
            return faults(chain, self._name(), code=refused.code, why=refused.why, now=now)
        if left < self.days:
            until = f"the certificate holds until {moment(chain[0].ends)}, {_days(left)}"
            return [("ending", f"{until}; wanted {_days(self.days)}")]
        return []

    def _name(self) -> str:
        return self.server_name or host_and_port(self.address, _PORT)[0]


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


PLUGIN: type[Probe] = TlsProbe
