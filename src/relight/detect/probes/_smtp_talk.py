"""The part of SMTP (RFC 5321) that is spoken before any mail: greeting, EHLO, STARTTLS, login."""

import base64
from typing import NamedTuple

from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Stream, TlsWanted
from relight.kernel.secret import MASK

_LONGEST_LINE = 2048
_MOST_LINES = 100


class Reply(NamedTuple):
    """One answer: its code and its lines without the code."""

    code: int
    lines: tuple[str, ...]

    def said(self) -> str:
        """Give it as people read it."""
        return f"{self.code} {self.lines[0]}".strip()


class Unwanted(Exception):
    """The server answered, and not what was wanted; `step` is the word for what was asked."""

    def __init__(self, step: str, sentence: str) -> None:
        super().__init__(sentence)
        self.step = step


class SmtpTalk:
    """A session on a connected stream.

    Verbs raise `NoAnswer` where the stream does or where it is not SMTP, and `Unwanted`.
    """

    def __init__(self, stream: Stream, host: str, hello: str) -> None:
        self._stream = stream
        self._host = host
        self._hello = hello
        self.greeting = ""
        self.offers: dict[str, str] = {}

    async def greet(self) -> None:
        """Take the greeting and say who we are."""
        greeting = await self._wanted("greeting", 220, None)
        self.greeting = greeting.lines[0]
        await self.introduce()

    async def start_tls(self, wanted: TlsWanted) -> None:
        """Go on in TLS."""
        if "STARTTLS" not in self.offers:
            raise Unwanted("starttls", "offers no STARTTLS")
        await self._wanted("starttls", 220, "STARTTLS")
        await self._stream.start_tls(wanted)

    async def log_in(self, user: str, password: str) -> None:
        """Sign in by PLAIN or LOGIN (RFC 4616), whichever is offered."""
        ways = self.offers.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            whole = _coded(f"\0{user}\0{password}")
            await self._secretly(235, f"AUTH PLAIN {whole}", password)
        elif "LOGIN" in ways:
            await self._wanted("login", 334, "AUTH LOGIN")
            await self._secretly(334, _coded(user), password)
            await self._secretly(235, _coded(password), password)
        else:
            offered = f"only {', '.join(ways)}" if ways else "no login"
            raise Unwanted("login", f"offers {offered}, and PLAIN or LOGIN is needed")

    async def quit(self) -> None:
        """Say goodbye, and wait for no answer."""
        await self._stream.write(b"QUIT\r\n")

    async def introduce(self) -> None:
        """Say who we are and take what is offered; after STARTTLS it is asked anew."""
        hello = await self._wanted("ehlo", 250, f"EHLO {self._hello}")
        words = (line.partition(" ") for line in hello.lines[1:])
        self.offers = {name.upper(): rest for name, _, rest in words}

    async def _secretly(self, code: int, line: str, password: str) -> None:
        try:
            await self._wanted("login", code, line)
        except Unwanted as error:
            # Some servers repeat what they were told.
            sentence = str(error).replace(line.rpartition(" ")[2], MASK)
            raise Unwanted("login", sentence.replace(password, MASK)) from None

    async def _wanted(self, step: str, code: int, line: str | None) -> Reply:
        if line is not None:
            await self._stream.write(line.encode() + b"\r\n")
        reply = await self._reply()
        if reply.code != code:
            what = line.split(" ")[0] if line and step != "login" else step
            raise Unwanted(step, f"answered the {what} with {reply.said()[:200]}, wanted {code}")
        return reply

    async def _reply(self) -> Reply:
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            raw = await self._stream.read_until(b"\n", most=_LONGEST_LINE)
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            code, more = line[:3], line[3:4]
            if not (code.isascii() and code.isdigit()) or more not in {"", " ", "-"}:
                msg = f"{self._host} answered what is not SMTP."
                raise NoAnswer(msg)
            lines.append("".join(c for c in line[4:] if c.isprintable()).strip())
            if more != "-":
                return Reply(int(code), tuple(lines))
        msg = f"{self._host} sent {_MOST_LINES} lines without an end to its answer."
        raise NoAnswer(msg)


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
