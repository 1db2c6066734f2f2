"""Plays a story: a real house on a clock that jumps from one due row to the next.

Everything is real but the outside and the waiting: the kit, the database, the prober's judging,
the rules, the pager, the published copies and the postmortem drafts.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.incident.timeline import rows
from relight.kernel.actor import person
from relight.kernel.clock import JumpingClock
from relight.web.ack import opened
from relight.wiring.house import House, build
from relight.worker.lanes import Run
from relight.worker.work import Worker
from tests.outages.outside import Killed, Outside, Site
from tests.outages.page import page_text
from tests.outages.script import Line, Script, Unreadable

KITS = Path(__file__).with_name("kits")
_LONGEST = timedelta(hours=12)
_LEASE_S = 90.0
_LINK = re.compile(r"http\S+/ack/(\S+)")
_DUTIES = {
    "command": Duty.COMMANDER,
    "operations": Duty.OPERATIONS,
    "communications": Duty.COMMUNICATIONS,
    "the record": Duty.SCRIBE,
}


class Stage:
    """One story under way. `page` keeps the public page as it read after each change."""

    def __init__(self, script: Script, folder: Path, database_url: str = "") -> None:
        self.script = script
        self.folder = folder
        self.clock = JumpingClock(script.begin)
        self.outside = Outside(
            [Site(each.name, each.where, each.address) for each in script.places]
        )
        self.page: list[tuple[datetime, str]] = []
        self._database_url = database_url
        self._html = ""
        folder.mkdir()
        shutil.copy(KITS / f"{script.kit}.yaml", folder / "relight.yaml")
        self.house, self._worker = self._start()

    def _start(self) -> tuple[House, Worker]:
        house = build(
            self.folder,
            database_url=self._database_url,
            base_url="https://relight.example.org",
            clock=self.clock,
            outside=self.outside.opener(),
        )
        worker = Worker(house)
        worker.prepare()
        return house, worker

    def _end(self) -> None:
        """Stop as a killed process does: what is held stays held, what is queued is gone."""
        self.house.close()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Stage"]:
        try:
            yield self
        finally:
            self._end()

    # ---- time

    async def play(self) -> None:
        for line in self.script.lines:
            await self._go(line.at)
            await self._perform(line)
            await self._settle()
        if self.script.until:
            await self._go(self.script.until)
            return
        latest = self.clock.now() + _LONGEST
        while self._live():
            assert self.clock.now() < latest, "the incident never resolves"
            await self._go(self._next_due() or latest)

    def _live(self) -> bool:
        return bool(self.house.incidents.all(live=True))

    def _handlers(self) -> dict[str, Run]:
        lanes = self._worker.lanes
        return {kind: run for lane in lanes for kind, run in lane.handlers.items()}

    def _next_due(self) -> datetime | None:
        moments = [
            self.house.due.next_due(tuple(self._handlers())),
            self._worker.prober.timetable.next_at(),
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    async def _go(self, until: datetime) -> None:
        """Go forward, stopping at every moment on which something falls due."""
        while (due_at := self._next_due()) is not None and due_at <= until:
            self._jump(due_at)
            await self._settle()
        self._jump(until)

    def _jump(self, to: datetime) -> None:
        self.clock.jump(max((to - self.clock.now()).total_seconds(), 0))

    async def _settle(self) -> None:
        """Do what is due now, and what that asks for at once, until nothing is left."""
        try:
            while await self._once():
                self._look_at_page()
        except Killed:
            self._restart()
            await self._settle()

    async def _once(self) -> bool:
        """Do one round of what is due, in the order of time, one after the other."""
        handlers = self._handlers()
        now = self.clock.now()
        looked = await self._worker.prober.look_due()
        await asyncio.to_thread(self._worker.prober.flush)
        claims = self.house.due.claim(tuple(handlers), now=now, limit=1000, lease_s=_LEASE_S)
        for claim in claims:
            await handlers[claim.kind](claim)
        return bool(claims or looked)

    def _look_at_page(self) -> None:
        file = self.folder / "public" / "index.html"
        html = file.read_text(encoding="utf-8") if file.exists() else ""
        if html != self._html:
            self._html = html
            self.page.append((self.clock.now(), page_text(html)))

    def _restart(self) -> None:
        self._end()
        self.house, self._worker = self._start()

    # ---- what happens

    async def _perform(self, line: Line) -> None:
        for pattern, act in self._acts.items():
            found = re.fullmatch(pattern, line.words)
            if found:
                await asyncio.to_thread(act, self, *found.groups())
                return
        raise Unreadable(line.number, line.words)

    def incident(self) -> Incident:
        """Give the newest incident."""
        return self.house.incidents.all(limit=1)[0]

    def _refuse(self, name: str) -> None:
        self.outside.site(name).refuses = True

    def _answer(self, name: str, status: str) -> None:
        site = self.outside.site(name)
        site.refuses, site.status = False, int(status)

    def _answer_well(self, name: str) -> None:
        self._answer(name, "200")

    def _lose_one(self, name: str) -> None:
        self.outside.site(name).lost = 1

    def _mail_down(self) -> None:
        self.outside.mail_refused = True

    def _mail_up(self) -> None:
        self.outside.mail_refused = False

    def _kill_at_mail(self) -> None:
        self.outside.kills_at_next_mail = True

    def _acknowledge(self, who: str) -> None:
        """Open the newest acknowledge link that this person was sent, and confirm."""
        texts = [each.text for each in self.outside.received if f"to {who}@" in each.by]
        token = next(found[1] for text in reversed(texts) if (found := _LINK.search(text)))
        link = opened(self.house, token)
        self.house.desk.acknowledge(
            link.incident.id, person=link.person, via="link", by=person(link.person)
        )

    def _tell(
        self, who: str, whom: str, text: str, status: str | None, minutes: str | None
    ) -> None:
        self.house.desk.update(
            self.incident().name,
            text,
            audience=Audience.PUBLIC if whom == "public" else Audience.INTERNAL,
            by=person(who),
            status=Status(status) if status else None,
            next_in_s=float(minutes) * 60 if minutes else None,
        )

    def _note(self, who: str, text: str, since: str | None) -> None:
        at = datetime.fromisoformat(f"{self.clock.now():%Y-%m-%d}T{since}Z") if since else None
        self.house.desk.note(self.incident().name, text, by=person(who), occurred_at=at)

    def _take(self, who: str, duty: str) -> None:
        name = self.incident().name
        self.house.desk.take_duty(name, _DUTIES[duty], person=who, by=person(who))

    def _correct(self, who: str, begin: str, text: str, reason: str) -> None:
        """Put right the newest entry whose words hold these."""
        incident = self.incident()
        told = rows(self.house.desk.timeline(incident))
        seq = next(row.seq for row in reversed(told) if begin in row.sentence)
        command = cmd.Correct(seq=seq, text=text, reason=reason)
        self.house.desk.run(incident.id, command, person(who))

    def _decline(self, who: str, reason: str) -> None:
        self.house.desk.run(self.incident().id, cmd.Decline(reason=reason), person(who))

    _acts: ClassVar[dict[str, Callable[..., None]]] = {
        r"the mail server refuses connections": _mail_down,
        r"the mail server takes mail again": _mail_up,
        r"relight is killed and started again": _restart,
        r"relight will be killed as it hands over the next mail": _kill_at_mail,
        r"the ([\w-]+) refuses? connections": _refuse,
        r"the ([\w-]+) answers? (\d\d\d)": _answer,
        r"the ([\w-]+) answers?": _answer_well,
        r"the ([\w-]+) loses? one answer": _lose_one,
        r"(\w+) acknowledges by the link in the (?:mail|hook)": _acknowledge,
        r"(\w+) tells the (public|team) \"(.+)\"(?: \((\w+)\))?(?:, next in (\d+) minutes)?": _tell,
        r"(\w+) notes \"(.+?)\"(?: as of (\S+))?": _note,
        r"(\w+) takes (command|operations|communications|the record)": _take,
        r"(\w+) corrects \"(.+?)\" to \"(.+?)\", because \"(.+?)\"": _correct,
        r"(\w+) declines it: \"(.+)\"": _decline,
    }
