"""What the probes of databases share: where the server is, who signs in, and what is compared."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from msgspec import Meta

from relight.detect.bounds import compared
from relight.detect.probes import Probe, Result, failed, unanswered
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Phases, Ports
from relight.kernel.url import host_and_port

T = TypeVar("T")

_LONGEST_SHOWN = 60
_MOST_ADDRESSES = 4


class Failed(Exception):
    """The server did not do what was asked; `fault` says it in a word, and `reason` in words."""

    def __init__(self, fault: str, reason: str) -> None:
        """Take the word and the words, which have no full stop."""
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A server and who signs in there; `options` are what followed `?` in a URL."""

    host: str
    port: int
    user: str
    password: str
    database: str
    options: tuple[tuple[str, str], ...] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered: from which address, and the value where one was asked for."""

    address: str
    value: str | None = None
    phases: Phases | None = None


class DatabaseProbe(Probe, frozen=True, kw_only=True):
    """Base of the probes of databases: the settings they have in common, and how one look goes."""

    address: str
    user: str = ""
    password: str = ""
    database: str = ""
    query: str = ""
    equals: str = ""
    above: float | None = None
    below: float | None = None
    writable: bool = False
    tls: bool = False
    verify_tls: bool = True
    ca: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=50)] = 10.0

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})
    REFERABLE: ClassVar[frozenset[str]] = frozenset({"address", "ca"})
    SCHEMES: ClassVar[tuple[str, ...]]
    PORT: ClassVar[int]

    def __post_init__(self) -> None:
        """Refuse what could never be asked, with a sentence that says what is wrong."""
        self._place()
        if self._compares() and not self.query:
            raise ValueError("There is nothing to compare. Say in `query` what to look at.")

    async def ask(self, ports: Ports, place: Place) -> Asked:
        """Sign in and ask. Raises `Failed`, `NoAnswer`, `Transient` or `Permanent`."""
        raise NotImplementedError

    async def observe(self, ports: Ports) -> Result:
        """Ask once."""
        began_s = ports.clock.monotonic_s()
        try:
            asked = await self.ask(ports, self._place())
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        except Failed as error:
            took_s = ports.clock.monotonic_s() - began_s
            return failed(error.fault, error.reason, took_s=took_s)
        return self._judge(asked, ports.clock.monotonic_s() - began_s)

    def _judge(self, asked: Asked, took_s: float) -> Result:
        at, value = ("address", asked.address), asked.value
        evidence = (at,) if value is None else (("value", value[:_LONGEST_SHOWN]), at)
        ok, reason = self._compared(value) if self.query else (True, "answered")
        if not ok:
            return failed("value", reason, took_s=took_s, evidence=evidence, phases=asked.phases)
        return Result(ok=True, took_s=took_s, reason=reason, evidence=evidence, phases=asked.phases)

    def _compared(self, value: str | None) -> tuple[bool, str]:
        what = f"`{self.query}`" if len(self.query) <= _LONGEST_SHOWN else "the query"
        if value is None:
            return not self._compares(), f"{what} gave nothing"
        shown = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
        if self.equals and value != self.equals:
            return False, f"{what} gave {shown}, wanted {self.equals}"
        if self.above is None and self.below is None:
            return True, f"{what} gave {shown}"
        try:
            number = float(value)
        except ValueError:
            return False, f"{what} gave {shown}, which is not a number"
        return compared(what, number, above=self.above, below=self.below)

    def _compares(self) -> bool:
        return bool(self.equals) or self.above is not None or self.below is not None

    def _place(self) -> Place:
        """Read `host`, `host:port` or a URL; what is written beside it counts more than the URL."""
        if "://" not in self.address:
            host, port = host_and_port(self.address, self.PORT)
            return Place(
                host=host,
                port=port,
                user=self.user,
                password=self.password,
                database=self.database,
            )
        example = f"{self.SCHEMES[0]}://user@host:{self.PORT}/database"
        try:
            parts = urlsplit(self.address)
            host, port = parts.hostname or "", parts.port or self.PORT
        except ValueError:
            host, port, parts = "", 0, urlsplit("")
        if parts.scheme not in self.SCHEMES or not host or "," in parts.netloc:
            raise ValueError(f"The address is not a URL of one server. Write {example}.")
        return Place(
            host=host,
            port=port,
            user=self.user or unquote(parts.username or ""),
            password=self.password or unquote(parts.password or ""),
            database=self.database or unquote(parts.path.removeprefix("/")),
            options=tuple(parse_qsl(parts.query)),
        )


async def first_taking(
    addresses: Sequence[str], timeout_s: float, connect: Callable[[str], Awaitable[T]]
) -> tuple[T, str]:
    """Connect to the first address that takes the connection; give what came of it, and that one.

    A silent address leaves enough time for those after it. Raises what the last one raised.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout_s
    *others, last = addresses[:_MOST_ADDRESSES]
    for index, address in enumerate(others):
        try:
            async with asyncio.timeout((ends - loop.time()) / (len(others) + 1 - index)):
                return await connect(address), address
        except Exception:  # noqa: BLE001, S112 - the next address may be better, and the last one tells
            continue
    return await connect(last), last
