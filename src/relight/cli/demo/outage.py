"""The outage itself, stage by stage: what is done to Relight, and what must be seen of it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from relight.cli.demo.narrator import Narrator
from relight.cli.demo.outside import (
    NotSeen,
    Outside,
    PublicIncident,
    PublicIncidents,
    SeenEntry,
    SeenIncident,
    SeenService,
    Summary,
    until,
)
from relight.cli.demo.process import Up
from relight.kernel.clock import Clock
from relight.rehearse.fault_proxy import CLEAR, Fault, Mode
from relight.rehearse.hook_sink import Call
from relight.rehearse.kit import COMPONENT, MAIL_TO, PERSON, PUBLIC_FOLDER, SERVICE
from relight.rehearse.mail_sink import Letter
from relight.rehearse.scenario import Stage, Stages
from relight.rehearse.stand import Stand

T = TypeVar("T")

WORD = "The service that delivers our widget is failing. We are moving traffic around it."
_LINK = re.compile(r"https?://\S+/ack/\S+")


class Outage:
    """One outage. `stages` grows as they are seen; `stage` is the one under way, None before."""

    def __init__(
        self,
        *,
        parts: Stand,
        up: Up,
        outside: Outside,
        folder: Path,
        narrator: Narrator,
        clock: Clock,
        limit_s: float,
        broken_limit_s: float,
        broken: Stage | None = None,
    ) -> None:
        """Take the scene. `limit_s` bounds each stage, `broken_limit_s` the one that must fail."""
        self.stages = Stages()
        self.stage: Stage | None = None
        self._parts = parts
        self._up = up
        self._outside = outside
        self._folder = folder
        self._tell = narrator
        self._clock = clock
        self._limits_s = (limit_s, broken_limit_s)
        self._broken = broken
        self._fault_at = clock.now()

    async def play(self) -> None:
        """Play it to the end. Raises `NotSeen` or `UpEnded` at the first stage that is not seen."""
        await self._healthy()
        async with self._parts.edge.broken(await self._fault()):
            incident = await self._noticed()
            link = await self._paged(incident)
            public = await self._published()
            await self._acknowledged(incident, link)
            await self._updated(incident, public)
            if self._broken is Stage.RECOVER:
                await self._recovered()
        self._tell.say("The edge is repaired.")
        await self._recovered()
        await self._resolved(public)
        await self._drafted(incident)

    # ---- the stages

    async def _healthy(self) -> None:
        self._tell.doing("waiting until both checks are green")

        async def look() -> bool | None:
            service = await self._outside.read(f"/api/v1/services/{SERVICE}", SeenService)
            summary = await self._outside.summary()
            green = service and all(check.status == "up" for check in service.checks)
            shown = summary and summary.component(COMPONENT) == "operational"
            return True if green and shown else None

        await self._until(look, f"{COMPONENT} was not seen to work")
        self._tell.say(f"{COMPONENT} works, through the edge and asked directly at its origin.")
        await self._tell.pause(3, before="time to open the pages; then the edge dies")

    async def _fault(self) -> Fault:
        self._fault_at = self._clock.now()
        self._tell.fault(self._fault_at)
        self._tell.say("The edge dies: it refuses every connection. The origin is healthy.")
        return CLEAR if self._broken is Stage.DETECT else Fault(mode=Mode.DEAD)

    async def _noticed(self) -> SeenIncident:
        self._begin(Stage.DETECT, "waiting until Relight notices")

        async def look() -> SeenIncident | None:
            live = await self._outside.read("/api/v1/incidents?live=true", list[SeenIncident])
            ours = [each for each in live or () if SERVICE in each.services and each.by_rule]
            return ours[0] if ours else None

        found = await self._until(look, "Relight declared no incident")
        self._seen(first_failed_probe_s=self._after_s(found.began_at))
        self.stage = Stage.DECLARE
        if found.verdict is None:
            msg = "Relight declared the incident without a verdict."
            raise NotSeen(msg)
        self._seen(
            declared_s=self._after_s(found.declared_at),
            incident=found.name,
            verdict=found.verdict.domain,
        )
        self._tell.say("The first probe fails.", at_s=self.stages.first_failed_probe_s)
        self._tell.say(
            f"Relight looked again, and declares {found.name} at {found.severity}.",
            found.verdict.sentence,
            at_s=self.stages.declared_s,
        )
        return found

    async def _paged(self, incident: SeenIncident) -> str:
        self._begin(Stage.PAGE, f"waiting for {PERSON}'s mail")

        def is_ours(letter: Letter) -> bool:
            return MAIL_TO in letter.recipients and incident.name in letter.message["Subject"]

        mails, calls = self._parts.mail.letters, self._parts.hook.calls
        try:
            letter = await self._within(mails.first(is_ours), "No mail was delivered")
        except NotSeen as error:
            raise NotSeen(f"{error} {await self._complaint(incident)}".rstrip()) from error
        link = _LINK.search(letter.text)
        if link is None:
            msg = "The mail arrived without a link to acknowledge."
            raise NotSeen(msg)
        self._seen(paged_s=self._after_s(letter.at))
        self._tell.say(
            f"{PERSON}'s page arrives: mail over SMTP.",
            str(letter.message["Subject"]),
            at_s=self.stages.paged_s,
        )
        call = await self._within(
            calls.first(lambda call: incident.name in call.body.url),
            "No signed call reached the webhook",
        )
        _must_be_known_again(call)
        called_s = self._after_s(call.at)
        self._tell.say("The same page as a webhook; its signature fits.", at_s=called_s)
        return link[0]

    async def _published(self) -> PublicIncident:
        self._begin(Stage.PUBLISH, "reading the public page")

        async def look() -> PublicIncident | None:
            summary = await self._outside.summary()
            return summary.incidents[0] if summary and summary.incidents else None

        public = await self._until(look, "The public page did not show the incident")
        text = await self._outside.page("/status/")
        if public.incident_updates[-1].body not in text:
            msg = "The page does not say what its API says."
            raise NotSeen(msg)
        status_page_s = self._after_s(self._clock.now())
        await self._copied(lambda copy: any(each.id == public.id for each in copy.incidents))
        self._seen(status_page_s=status_page_s)
        self._tell.say(
            "The public page tells everyone, and so does its static copy.",
            public.incident_updates[-1].body,
            at_s=status_page_s,
        )
        await self._tell.pause()
        return public

    async def _acknowledged(self, incident: SeenIncident, link: str) -> None:
        self._begin(Stage.ACKNOWLEDGE, f"{PERSON} opens the link in the mail")
        if self._broken is Stage.ACKNOWLEDGE:
            link = f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}"
        await self._outside.page(link)
        if (await self._now(incident)).acknowledged_by:
            msg = "Opening the link alone acknowledged it, as a mail scanner would."
            raise NotSeen(msg)
        await self._outside.press(link)
        taken = await self._now(incident)
        if taken.acknowledged_by != PERSON:
            msg = f"The form was posted, and the incident has {taken.acknowledged_by or 'nobody'}."
            raise NotSeen(msg)
        self._seen(acknowledged_s=self._after_s(self._clock.now()))
        self._tell.say(f"{PERSON} opens the link and confirms. Nobody else is called.")
        await self._tell.pause()

    async def _updated(self, incident: SeenIncident, public: PublicIncident) -> None:
        self._begin(Stage.UPDATE, "posting a public update")
        words = {"audience": "public", "text": WORD, "status": "identified", "as": PERSON}
        if self._broken is Stage.UPDATE:
            words["audience"] = "nobody"
        answer = await self._outside.call(
            f"/api/v1/incidents/{incident.name}/updates", words, key="demo-update"
        )
        if answer.status != 200:
            msg = f"The update was answered {answer.status}."
            raise NotSeen(msg)

        async def look() -> bool | None:
            summary = await self._outside.summary()
            ours = [each for each in summary.incidents if each.id == public.id] if summary else []
            return True if WORD in _words(ours) else None

        await self._until(look, "The public page did not show the update")
        self._seen(updated_s=self._after_s(self._clock.now()))
        self._tell.say(f"{PERSON} posts an update, and the public page shows it.", WORD)
        await self._tell.pause()

    async def _recovered(self) -> None:
        self._begin(Stage.RECOVER, "waiting until the checks are green again")

        async def look() -> bool | None:
            summary = await self._outside.summary()
            if summary is None or summary.component(COMPONENT) != "operational":
                return None
            return True if any(each.status == "monitoring" for each in summary.incidents) else None

        await self._until(look, f"{COMPONENT} was not seen operational with the incident monitored")
        self._seen(recovered_s=self._after_s(self._clock.now()))
        self._tell.say(
            f"{COMPONENT} is operational again. The incident stays open, and is watched."
        )

    async def _resolved(self, public: PublicIncident) -> None:
        self._begin(Stage.RESOLVE, "watching whether it holds")

        def is_over(seen: PublicIncidents) -> bool:
            ours = [each for each in seen.incidents if each.id == public.id]
            return bool(ours) and ours[0].status == "resolved"

        async def look() -> bool | None:
            path = "/status/api/v2/incidents.json"
            seen = await self._outside.read(path, PublicIncidents)
            return True if seen and is_over(seen) else None

        await self._until(look, "The public page did not call it resolved")
        resolved_s = self._after_s(self._clock.now())
        text = await self._outside.page(f"/status/incidents/{public.id}.html")
        if "resolved" not in text.lower():
            msg = "The incident's public page does not say that it is resolved."
            raise NotSeen(msg)
        await self._copied(lambda copy: not copy.incidents)
        self._seen(resolved_s=resolved_s)
        self._tell.say(
            "The checks held for the whole stability period: Relight resolves it.", at_s=resolved_s
        )

    async def _drafted(self, incident: SeenIncident) -> None:
        self._begin(Stage.POSTMORTEM, "waiting for the postmortem's draft")

        async def look() -> Path | None:
            path = (await self._now(incident)).postmortem
            return (self._folder / path).resolve() if path else None

        path = await self._until(look, "No postmortem was drafted")
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not text.startswith("---\n") or incident.name not in text:
            msg = f"{path} is not a draft about {incident.name}."
            raise NotSeen(msg)
        self._seen(postmortem=str(path))
        self._tell.say("A draft of the postmortem lies in the kit, written from the timeline.")
        await self._tell.pause(2, before="time to look at the pages; then Relight stops")

    # ---- looking

    def _begin(self, stage: Stage, doing: str) -> None:
        self.stage = stage
        self._tell.doing(doing)

    @property
    def _limit_s(self) -> float:
        usual_s, broken_s = self._limits_s
        return broken_s if self._broken and self.stage is self._broken else usual_s

    def _seen(self, **measured: float | str | None) -> None:
        self.stages = msgspec.structs.replace(self.stages, **measured)

    def _after_s(self, at: datetime) -> float:
        return (at - self._fault_at).total_seconds()

    async def _now(self, incident: SeenIncident) -> SeenIncident:
        found = await self._outside.read(f"/api/v1/incidents/{incident.name}", SeenIncident)
        if found is None:
            msg = f"The API does not give {incident.name}."
            raise NotSeen(msg)
        return found

    async def _complaint(self, incident: SeenIncident) -> str:
        """Give what the timeline last says of a page that failed, or nothing."""
        path = f"/api/v1/incidents/{incident.name}/timeline?limit=500"
        entries = await self._outside.read(path, list[SeenEntry]) or []
        return next((each.sentence for each in entries if each.type == "PageFailed"), "")

    async def _copied(self, is_right: Callable[[Summary], bool]) -> None:
        """Wait until the static copy on disk says it too."""
        copy = self._folder / PUBLIC_FOLDER / "api" / "v2" / "summary.json"

        async def look() -> bool | None:
            if not copy.is_file():
                return None
            return is_right(msgspec.json.decode(copy.read_bytes(), type=Summary)) or None

        await self._until(look, f"The static copy in {PUBLIC_FOLDER}/ did not follow")

    async def _until(self, look: Callable[[], Awaitable[T | None]], otherwise: str) -> T:
        return await until(
            look, within_s=self._limit_s, otherwise=otherwise, alive=self._up.must_run
        )

    async def _within(self, coming: Awaitable[T], otherwise: str) -> T:
        try:
            return await asyncio.wait_for(coming, self._limit_s)
        except TimeoutError:
            self._up.must_run()
            msg = f"{otherwise} within {self._limit_s:g} s."
            raise NotSeen(msg) from None


def _must_be_known_again(call: Call) -> None:
    if not call.idempotency_key or call.idempotency_key != call.body.delivery_id:
        msg = "The webhook's call carries no key by which a repeat is known."
        raise NotSeen(msg)


def _words(incidents: list[PublicIncident]) -> list[str]:
    return [word.body for each in incidents for word in each.incident_updates]
