"""Asks a Redis server, or one that speaks like it, and looks at one of its answers."""

import shlex
from collections.abc import Sequence
from typing import Any, ClassVar

from relight.detect.probes import Probe
from relight.detect.probes._database import Asked, DatabaseProbe, Failed, Place
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Ports, Stream, TlsWanted

_LONGEST_REPLY = 1 << 20
_INFO = "INFO "
_WORDS = {
    "NOAUTH": ("password", "wants a password"),
    "WRONGPASS": ("password", "refused the user or the password"),
    "NOPERM": ("password", "does not let this user do that"),
    "LOADING": ("starting", "is still loading its data"),
    "MASTERDOWN": ("replication", "has lost its primary"),
    "READONLY": ("read-only", "is a read-only replica"),
    "MISCONF": ("read-only", "takes no writes, because it cannot save them"),
}


class RedisProbe(DatabaseProbe, frozen=True, kw_only=True):
    """Ask a Redis server whether it answers, and look at one of its answers where wanted.

    `address` is host or host:port, or a whole `redis://` or `rediss://` URL by secret reference.
    `user` and `password` (a secret reference) sign in, and the numbered `database` is chosen. It is
    good when `PING` is answered within `timeout_s`.

    `query` is a command with a single answer, like `LLEN jobs` for a queue's depth, or one field of
    `INFO`, like `INFO connected_clients`. The answer `equals` a text, or is a number `above` and
    `below` the bounds given, and is kept as evidence. `writable` wants a server that takes writes,
    which a replica does not.

    `tls` goes over TLS; `ca` refers to the PEM text of the only authority to trust, and
    `verify_tls: false` takes any certificate. Valkey, KeyDB and Dragonfly speak the same.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "cache.where2eat.example:6379",
        "password": "env:REDIS_PASSWORD",
        "query": "LLEN jobs",
        "below": 1000,
        "timeout_s": 5,
    }
    SCHEMES: ClassVar[tuple[str, ...]] = ("redis", "rediss")
    PORT: ClassVar[int] = 6379

    def __post_init__(self) -> None:
        """Refuse what is no command and what is no number of a database."""
        super().__post_init__()
        place = self._place()
        number = place.database or "0"
        if not (number.isascii() and number.isdigit()):
            raise ValueError("A database of Redis has a number, like 0.")
        if place.options:
            raise ValueError("Leave what follows `?` out of the address; use the settings.")
        if self.query:
            _command(self.query)

    async def ask(self, ports: Ports, place: Place) -> Asked:
        """Sign in, ping, and ask for the value where there is one."""
        secure = self.tls or self.address.startswith("rediss:")
        wanted = TlsWanted(name=place.host, verify=self.verify_tls, roots=self.ca)
        async with await ports.dialer.open(
            place.host, place.port, timeout_s=self.timeout_s, tls=wanted if secure else None
        ) as stream:
            if place.password:
                who = [place.user] if place.user else []
                await _call(stream, ["AUTH", *who, place.password])
            if place.database.strip("0"):
                await _call(stream, ["SELECT", place.database])
            if await _call(stream, ["PING"]) != "PONG":
                raise Failed("answer", f"{place.host} does not speak as Redis does")
            if self.writable:
                await _must_take_writes(stream)
            value = await self._value(stream) if self.query else None
            return Asked(address=stream.address, value=value, phases=stream.phases())

    async def _value(self, stream: Stream) -> str | None:
        if not self.query.upper().startswith(_INFO):
            return await _call(stream, _command(self.query))
        field = self.query[len(_INFO) :].strip()
        fields = await _info(stream, "all")
        if field not in fields:
            raise Failed("missing", f"there is no {field} in INFO")
        return fields[field]


def _command(written: str) -> list[str]:
    try:
        words = shlex.split(written)
    except ValueError:
        words = []
    if not words:
        raise ValueError(f"`{written}` is not a command. Write one like LLEN jobs.")
    return words


async def _must_take_writes(stream: Stream) -> None:
    fields = await _info(stream, "replication")
    if fields.get("role") == "slave":
        raise Failed("read-only", "the server is a replica, wanted one that takes writes")


async def _info(stream: Stream, section: str) -> dict[str, str]:
    text = await _call(stream, ["INFO", section]) or ""
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, _, value in pairs}


async def _call(stream: Stream, words: Sequence[str]) -> str | None:
    """Send a command and give its answer as text, or None for nothing (RESP2).

    Source: https://redis.io/docs/latest/develop/reference/protocol-spec/. A list counts as its
    length. Raises `Failed` for an error.
    """
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        raw = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    await stream.write(b"".join(parts))
    line = (await stream.read_until(b"\r\n", most=_LONGEST_REPLY)).decode(errors="replace").strip()
    kind, rest = line[:1], line[1:]
    if kind == "-":
        raise _refusal(rest)
    if kind in {"+", ":"} or (kind == "*" and rest != "-1"):
        return rest
    if kind not in {"$", "*"} or not rest.lstrip("-").isdecimal():
        raise NoAnswer("The answer is not that of a Redis server.")
    if rest == "-1":
        return None
    if not 0 <= int(rest) <= _LONGEST_REPLY:
        raise Failed("answer", f"the answer is longer than {_LONGEST_REPLY >> 20} MB")
    body = await stream.read_exactly(int(rest) + 2)
    return body[:-2].decode(errors="replace")


def _refusal(said: str) -> Failed:
    if "max number of clients" in said:
        return Failed("connections", "the server has too many connections")
    fault, words = _WORDS.get(said.partition(" ")[0], ("answer", f"said: {said[:200]}"))
    return Failed(fault, f"the server {words}")


PLUGIN: type[Probe] = RedisProbe
