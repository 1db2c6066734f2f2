"""Speaks SMTP with a mail server, up to the point where mail would begin."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._quoted import quoted
from relight.detect.probes._smtp_talk import SmtpTalk, Unwanted
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import CertificateRefused, Ports, Stream, TlsWanted
from relight.kernel.url import split_host_port

_TLS_FROM_THE_START = 465


class SmtpProbe(Probe, frozen=True, kw_only=True):
    """Speak with the mail server at `address` (host:port), and never send a mail.

    It is good when the server greets with 220 and takes our EHLO, all within `timeout_s`.
    `tls: starttls` asks for TLS after that and wants a valid certificate; `tls: tls` speaks it from
    the start, which port 465 does by itself; `tls: none` stays in plain text. `verify_tls: false`
    takes any certificate, and `roots` are the authorities to trust instead of this machine's
    (`file:ca.pem`). With `user` and `password` it signs in too, which needs TLS. `hello` is the
    name that we give ourselves. The session ends with QUIT.
    """

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})
    REFERABLE: ClassVar[frozenset[str]] = frozenset({"roots"})

    address: str
    tls: Literal["auto", "none", "starttls", "tls"] = "auto"
    verify_tls: bool = True
    roots: str = ""
    user: str = ""
    password: str = ""
    hello: str = "localhost"
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "mail.where2eat.example:587",
        "tls": "starttls",
        "user": "probe",
        "password": "env:MAIL_PASSWORD",
    }

    def __post_init__(self) -> None:
        """Refuse what cannot be dialled, and a password that would go out in plain text."""
        _, port = split_host_port(self.address)
        if bool(self.user) != bool(self.password):
            msg = "`user` and `password` go together. Write both or neither."
            raise ValueError(msg)
        if self.user and not self._from_the_start(port) and self.tls != "starttls":
            msg = "`user` needs TLS, or the password would be read. Write `tls: starttls`."
            raise ValueError(msg)
        if not self.hello.isascii() or not self.hello.isprintable() or " " in self.hello:
            msg = f"`{self.hello}` is not a name to say EHLO with. Write one like mail.example.org."
            raise ValueError(msg)

    async def observe(self, ports: Ports) -> Result:
        """Speak once."""
        host, port = split_host_port(self.address)
        wanted = TlsWanted(name=host, verify=self.verify_tls, roots=self.roots)
        began_s = ports.clock.monotonic_s()
        try:
            stream = await ports.dialer.open(
                host,
                port,
                timeout_s=self.timeout_s,
                tls=wanted if self._from_the_start(port) else None,
            )
        except CertificateRefused as error:
            took_s = ports.clock.monotonic_s() - began_s
            return failed("certificate", str(error).rstrip("."), took_s=took_s)
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        async with stream:
            return await self._speak(stream, SmtpTalk(stream, host, self.hello), wanted)

    async def _speak(self, stream: Stream, talk: SmtpTalk, wanted: TlsWanted) -> Result:
        fault, reason = "", ""
        try:
            await talk.greet()
            if self.tls == "starttls":
                await talk.start_tls(wanted)
                await talk.introduce()
            if self.user:
                await talk.log_in(self.user, self.password)
            await talk.quit()
        except CertificateRefused as error:
            fault, reason = "certificate", str(error).rstrip(".")
        except NoAnswer as error:
            fault, reason = "connection", str(error).rstrip(".")
        except Unwanted as error:
            fault, reason = error.step, str(error)
        phases, evidence = stream.phases(), self._evidence(stream, talk)
        if fault:
            return failed(fault, reason, took_s=phases.total, evidence=evidence, phases=phases)
        reason = f"greeted with {quoted(talk.greeting)}"
        reason += " and took the login" if self.user else ""
        return Result(ok=True, took_s=phases.total, reason=reason, evidence=evidence, phases=phases)

    def _evidence(self, stream: Stream, talk: SmtpTalk) -> tuple[tuple[str, str], ...]:
        found = [("address", stream.address), ("greeting", talk.greeting[:200])]
        found.append(("tls", stream.tls.version if stream.tls else "none"))
        return tuple((name, value) for name, value in found if value)

    def _from_the_start(self, port: int) -> bool:
        return self.tls == "tls" or (self.tls == "auto" and port == _TLS_FROM_THE_START)


PLUGIN: type[Probe] = SmtpProbe
