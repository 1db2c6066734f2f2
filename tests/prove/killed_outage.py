"""The demo's outage, with `relight up` killed again and again, and an oracle that looks from outside.

The oracle reads what the sinks took and what the public page says, and nothing else.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from relight.cli.demo.outside import NotSeen, Outside, PublicIncident, PublicIncidents, until
from relight.cli.demo.process import Up, command, start_up
from relight.kernel.clock import SystemClock
from relight.rehearse.fault_proxy import CLEAR, Fault, Mode
from relight.rehearse.kit import COMPONENT, FAST, PUBLIC_FOLDER
from relight.rehearse.mail_sink import Letter
from relight.rehearse.stand import Stand, stand

# How long each thing may take before it counts as lost.
_PATIENCE_S = 60.0
_LEAST_WORDS = 3
_LINK = re.compile(r"https?://\S+/ack/\S+")
_NAME = re.compile(r"\bINC-\d+\b")


class Phase(StrEnum):
    """A moment of the outage after which the process is killed once, up to so many seconds later."""

    FAULT = "the edge has died"
    PAGED = "a page has arrived"
    ACKNOWLEDGED = "somebody has it"
    REPAIRED = "the edge is repaired"
    RECOVERED = "it works again"

    @property
    def longest_s(self) -> float:
        return {
            Phase.FAULT: 4.0,  # through noticing, declaring and paging
            Phase.PAGED: 0.5,
            Phase.ACKNOWLEDGED: 0.7,
            Phase.REPAIRED: 3.0,
            Phase.RECOVERED: FAST.stability_s + 1.5,  # through resolving and the postmortem
        }[self]


@dataclass
class Result:
    """What came out: the kills, the words that were answered with 200, and what outsiders have."""

    seed: int
    kills: int = 0
    answered: list[str] = field(default_factory=list[str])
    mails: list[Letter] = field(default_factory=list[Letter])
    hook_keys: list[str] = field(default_factory=list[str])
    public: tuple[PublicIncident, ...] = ()
    component: str = ""
    copy: bytes = b""
    postmortems: int = 0

    @property
    def mail_ids(self) -> set[str]:
        return {str(letter.message["Message-ID"]) for letter in self.mails}

    def judge(self) -> list[str]:
        """Say everything that was lost, doubled or left unfinished; nothing where all is well."""
        wrong: list[str] = []
        if len(self.mail_ids) != 1:
            wrong.append(f"{len(self.mails)} mails under {len(self.mail_ids)} delivery ids, not 1")
        if len(set(self.hook_keys)) != 1:
            wrong.append(f"webhook calls under {len(set(self.hook_keys))} delivery ids, not 1")
        if [each.status for each in self.public] != ["resolved"]:
            wrong.append(f"public incidents: {[each.status for each in self.public]}")
        shown = Counter(word.body for each in self.public for word in each.incident_updates)
        wrong += [f"answered, and lost: {word}" for word in self.answered if not shown[word]]
        wrong += [f"shown {n} times: {word}" for word, n in shown.items() if n > 1]
        if self.component != "operational":
            wrong.append(f"the component is {self.component or 'not shown'}")
        if any(each.id.encode() not in self.copy for each in self.public):
            wrong.append("the static copy lacks the incident")
        if self.postmortems != 1:
            wrong.append(f"{self.postmortems} postmortems, not 1")
        return wrong


class KilledOutage:
    """One outage in one folder."""

    def __init__(
        self, folder: Path, port: int, seed: int, database: str, say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._port = port
        self._random = random.Random(seed)
        self._more = ("--database", database) if database else ()
        self._say = say
        self._outside = Outside(f"http://127.0.0.1:{port}", SystemClock())
        self._reached = {phase: asyncio.Event() for phase in Phase}
        self._up: Up | None = None
        self._result = Result(seed)

    async def play(self) -> Result:
        async with stand(SystemClock()) as parts, self._served():
            parts.write_kit(self._folder, relight=self._outside.base_url, pace=FAST)
            await self._start()
            await self._until(self._works, "it never worked")
            made = await command("token", "new", "prove", str(self._folder), *self._more)
            self._outside.token = made.strip()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._kill())
                group.create_task(self._respond(parts))
            await self._collect(parts)
        return self._result

    @asynccontextmanager
    async def _served(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            if self._up:
                await self._up.kill()

    async def _start(self) -> None:
        self._up = await start_up(self._folder, self._port, *self._more)

    async def _kill(self) -> None:
        for phase in Phase:
            await self._reached[phase].wait()
            after_s = self._random.uniform(0, phase.longest_s)
            await asyncio.sleep(after_s)
            assert self._up is not None
            self._up.must_run()
            await self._up.kill()
            await self._start()
            self._result.kills += 1
            self._say(f"seed {self._result.seed}: killed {after_s:.2f} s after {phase}")

    async def _respond(self, parts: Stand) -> None:
        await parts.edge.switch(Fault(mode=Mode.DEAD))
        self._reached[Phase.FAULT].set()
        letter = await asyncio.wait_for(parts.mail.letters.first(), _PATIENCE_S)
        self._reached[Phase.PAGED].set()
        link, name = _LINK.search(letter.text), _NAME.search(str(letter.message["Subject"]))
        assert link
        assert name
        writing = asyncio.ensure_future(self._write(name[0]))
        try:
            await self._until(lambda: self._press(link[0]), "the page was never acknowledged")
            self._reached[Phase.ACKNOWLEDGED].set()
            await self._until(self._has_written, "no update was ever answered")
            await parts.edge.switch(CLEAR)
            self._reached[Phase.REPAIRED].set()
            await self._until(self._recovered, "it never recovered")
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        self._reached[Phase.RECOVERED].set()

    async def _press(self, link: str) -> bool | None:
        try:
            await self._outside.press(link)
        except NotSeen:
            # Pressed before a kill took the answer away: the page then has no form any more.
            page = await self._outside.page(link)
            return True if "You have it" in page else None
        return True

    async def _write(self, incident: str) -> None:
        """Post one public update after the other, each until it is answered."""
        number = 0
        while True:
            number += 1
            word = f"Word {number} of {self._result.seed}."
            await self._until(partial(self._posted, incident, word), "an update was never answered")
            self._result.answered.append(word)
            await asyncio.sleep(0.2)

    async def _posted(self, incident: str, word: str) -> bool | None:
        body = {"audience": "public", "text": word, "as": "sam"}
        path = f"/api/v1/incidents/{incident}/updates"
        answer = await self._outside.call(path, body, key=word)
        return True if answer.status == 200 else None

    async def _has_written(self) -> bool | None:
        return len(self._result.answered) >= _LEAST_WORDS or None

    async def _works(self) -> bool | None:
        summary = await self._outside.summary()
        return True if summary and summary.component(COMPONENT) == "operational" else None

    async def _incidents(self) -> tuple[PublicIncident, ...]:
        found = await self._outside.read("/status/api/v2/incidents.json", PublicIncidents)
        return found.incidents if found else ()

    async def _recovered(self) -> bool | None:
        over = [each.status in {"monitoring", "resolved"} for each in await self._incidents()]
        return True if over and all(over) and await self._works() else None

    async def _resolved(self) -> bool | None:
        over = [each.status == "resolved" for each in await self._incidents()]
        return True if over and all(over) else None

    async def _settled(self) -> bool | None:
        copy = self._folder / PUBLIC_FOLDER / "api" / "v2" / "incidents.json"
        drafts = list((self._folder / "postmortems").glob("*.md"))
        if not copy.is_file() or not drafts:
            return None
        self._result.copy, self._result.postmortems = copy.read_bytes(), len(drafts)
        return True if b'"resolved"' in self._result.copy else None

    async def _collect(self, parts: Stand) -> None:
        """Read what the outside has, once it is quiet."""
        with suppress(NotSeen):
            await self._until(self._resolved, "it was never resolved")
            await self._until(self._settled, "copy or postmortem never came")
        summary = await self._outside.summary()
        self._result.public = await self._incidents()
        self._result.component = summary.component(COMPONENT) if summary else ""
        self._result.mails = list(parts.mail.letters.all)
        self._result.hook_keys = [call.idempotency_key for call in parts.hook.calls.all]

    async def _until(self, look: Callable[[], Awaitable[bool | None]], otherwise: str) -> None:
        await until(look, within_s=_PATIENCE_S, otherwise=otherwise)
