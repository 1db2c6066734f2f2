"""Asks a web address and looks at the answer."""

import base64
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError
from msgspec import Meta

from relight.detect.probes import Probe, Result
from relight.kernel.clock import Clock
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import HttpAnswer, HttpRequest, Ports
from relight.kernel.url import check_web_url, host_of

_LONGEST_SHOWN = 60


class HttpProbe(Probe, frozen=True, kw_only=True):
    """Ask a web address and look at the status, the body and the time it took.

    `url` is asked with `method`, `headers` and a new connection each time; `send` is the body, in
    text or, written as a map or a list, in JSON. The answer is good when its status is one of
    `status` (a code, a class like `2xx`, a range like `200-399`, or a list of these), its body
    holds the text `body`, the JMESPath `json` finds `json_is` in it, and it came within `slow_s`.
    A body without an end is no good answer, unless the text was found in what came of it.

    At most five redirects are followed; with `follow_redirects: false` the redirect itself is the
    answer. No answer within `timeout_s`, redirects included, is a failure. `connect_to` dials that
    address while everything else stays as the URL says, so that a check can go past the edge to
    the origin. `proxy` is the address of an HTTP proxy to go through; `http2` speaks HTTP/2 where
    the server does. `verify_tls: false` takes any certificate; `cert_days` fails when the
    server's ends sooner than that.

    `bearer` is sent as a token, `user` and `password` as basic authentication; token and password
    are secret references. `client_certificate` and `client_key` are the full paths of files in PEM
    form; without a key, the certificate's file holds it too.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    send: str | dict[str, Any] | list[Any] = ""
    bearer: str = ""
    user: str = ""
    password: str = ""
    body: str = ""
    json: str = ""
    json_is: str | int | float | bool | None = None
    status: int | str | tuple[int | str, ...] = "2xx"
    connect_to: str = ""
    proxy: str = ""
    http2: bool = False
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0
    slow_s: Annotated[float, Meta(gt=0)] | None = None
    cert_days: Annotated[float, Meta(gt=0)] | None = None
    follow_redirects: bool = True
    verify_tls: bool = True
    client_certificate: str = ""
    client_key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"bearer", "password"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://where2eat.example/search?q=pho",
        "status": 200,
        "body": "pho",
        "timeout_s": 5,
        "slow_s": 3,
    }

    def __post_init__(self) -> None:
        """Refuse what could never be asked, with a sentence that says what is wrong."""
        check_web_url(self.url)
        if not (self.method.isascii() and self.method.isalpha()):
            msg = f"`{self.method}` is not an HTTP method. Write one like GET or HEAD."
            raise ValueError(msg)
        for one in self._wanted():
            _span(one)
        if self.proxy:
            check_web_url(self.proxy)
        if self.json:
            try:
                jmespath.compile(self.json)
            except JMESPathError:
                msg = f"`{self.json}` is not a JMESPath. Write one like data.status."
                raise ValueError(msg) from None
        if self.connect_to:
            try:
                ipaddress.ip_address(self.connect_to)
            except ValueError:
                msg = f"`{self.connect_to}` is not an IP address. Write one like 203.0.113.7."
                raise ValueError(msg) from None

    async def observe(self, ports: Ports) -> Result:
        """Ask once."""
        began_s = ports.clock.monotonic_s()
        request = self._request()
        try:
            answer = await ports.http.request(request)
        except NoAnswer as error:
            took_s = ports.clock.monotonic_s() - began_s
            reason = str(error).rstrip(".")
            return Result(
                ok=False, took_s=took_s, reason=reason, evidence=(("fault", "connection"),)
            )
        return self._judge(answer, ports.clock)

    def _request(self) -> HttpRequest:
        headers = dict(self.headers)
        body = b""
        if isinstance(self.send, str):
            body = self.send.encode()
        else:
            body = msgspec.json.encode(self.send)
            headers = {"Content-Type": "application/json", **headers}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        elif self.user or self.password:
            word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {word}"
        return HttpRequest(
            method=self.method,
            url=self.url,
            headers=headers,
            body=body,
            timeout_s=self.timeout_s,
            connect_to=self.connect_to or None,
            follow_redirects=self.follow_redirects,
            verify_tls=self.verify_tls,
            http2=self.http2,
            proxy=self.proxy,
            client_certificate=self.client_certificate,
            client_key=self.client_key,
            tell_certificate=self.cert_days is not None,
        )

    def _judge(self, answer: HttpAnswer, clock: Clock) -> Result:
        evidence = [("status", str(answer.status)), ("address", answer.address)]
        if answer.url != self.url:
            landed = host_of(answer.url)
            if landed != host_of(self.url):
                evidence.append(("redirected to", landed))
        fault, reason = self._fault(answer, clock)
        if fault:
            evidence.insert(0, ("fault", fault))
        return Result(
            ok=not fault,
            took_s=answer.took_s,
            reason=reason,
            evidence=tuple(evidence),
            phases=answer.phases,
        )

    def _fault(self, answer: HttpAnswer, clock: Clock) -> tuple[str, str]:
        said = f"answered {_named(answer.status)}"
        spans = [_span(one) for one in self._wanted()]
        if not any(low <= answer.status <= high for low, high in spans):
            wanted = " or ".join(str(one) for one in self._wanted())
            return "status", f"{said}, wanted {wanted}"
        wrong = self._wrong_body(answer)
        if wrong:
            return "body", f"{said}, but {wrong}"
        if self.cert_days is not None and answer.certificate_ends is not None:
            left = (answer.certificate_ends - clock.now()).total_seconds() / 86400
            if left < self.cert_days:
                wanted = f"wanted {self.cert_days:g} days"
                return "certificate", f"{said}; its certificate ends in {left:.1f} days, {wanted}"
        if self.slow_s is not None and answer.took_s > self.slow_s:
            return "slow", f"{said} after {answer.took_s:.2f} s, wanted {self.slow_s:g} s"
        return "", said

    def _wrong_body(self, answer: HttpAnswer) -> str:
        """Say what is wrong with the body, or nothing."""
        if self.body and self.body.encode() not in answer.body:
            part = f"the first {len(answer.body)} bytes" if answer.cut else "the body"
            return f"{part} did not hold `{self.body[:_LONGEST_SHOWN]}`"
        if answer.cut and not self.body:
            return f"its body did not end within {len(answer.body)} bytes"
        if not self.json:
            return ""
        try:
            found: object = jmespath.search(self.json, msgspec.json.decode(answer.body))
        except (msgspec.DecodeError, JMESPathError):
            return "the body is not JSON in which to find `json`"
        if type(found) is bool or type(self.json_is) is bool:
            right = found is self.json_is
        else:
            right = found == self.json_is
        shown = msgspec.json.encode(found).decode()[:_LONGEST_SHOWN]
        wanted = msgspec.json.encode(self.json_is).decode()
        return "" if right else f"`{self.json}` is {shown}, wanted {wanted}"

    def _wanted(self) -> tuple[int | str, ...]:
        return self.status if isinstance(self.status, tuple) else (self.status,)


@lru_cache(maxsize=256)
def _span(written: int | str) -> tuple[int, int]:
    """Read `200`, `2xx` or `200-399` as the first and the last status that is meant."""
    text = str(written).strip().lower()
    low, dash, high = text.partition("-")
    if len(text) == 3 and text.endswith("xx") and text[0] in "12345":
        return int(text[0]) * 100, int(text[0]) * 100 + 99
    numbers = (low, high) if dash else (low, low)
    if not all(n.isascii() and n.isdigit() and 100 <= int(n) <= 599 for n in numbers):
        msg = f"`{written}` is not a status. Write one like 200, 2xx or 200-399."
        raise ValueError(msg)
    return int(numbers[0]), int(numbers[1])


@lru_cache(maxsize=256)
def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


PLUGIN: type[Probe] = HttpProbe
