"""Does later what a delivery asked for: a word to its incident, a call back to its sender."""

import asyncio
from datetime import timedelta

import msgspec
import structlog

from relight.desk.intake_tasks import LookWhetherQuiet, Say, Task, Visit
from relight.kernel.ledger import Claim
from relight.kernel.plug import Permanent, PlugFailed
from relight.kernel.ports import HttpRequest
from relight.wiring.house import House

log = structlog.get_logger()

_VISIT_AGAIN_S = 20.0
_VISITS = 6


class IntakeLane:
    """Handles the due rows of intake."""

    def __init__(self, house: House) -> None:
        """Serve one house."""
        self._house = house

    async def do(self, claim: Claim) -> None:
        """Do one task and end its row, or give it back for later."""
        house = self._house
        task: Task = msgspec.json.decode(claim.payload, type=Task)
        again_s: float | None = None
        match task:
            case Say():
                again_s = await asyncio.to_thread(house.intake_tasks.say, task)
            case LookWhetherQuiet():
                await asyncio.to_thread(house.intake_tasks.look_whether_quiet, task)
            case Visit():
                again_s = await self._visit(task, claim.attempts)
        if again_s is None:
            await asyncio.to_thread(house.due.complete, claim)
        else:
            due_at = house.clock.now() + timedelta(seconds=again_s)
            await asyncio.to_thread(house.due.defer, claim, due_at=due_at)

    async def _visit(self, task: Visit, attempts: int) -> float | None:
        """Call back, where the source is still declared and its format knows the address."""
        house = self._house
        sender = (await asyncio.to_thread(house.intake.senders)).get(task.source)
        if sender is None or not sender.format.may_visit(task.url):
            return None
        try:
            answer = await house.ports().http.request(HttpRequest(url=task.url))
        except PlugFailed as error:
            reason, given_up = house.masker.mask(str(error)), isinstance(error, Permanent)
        else:
            if 200 <= answer.status < 300:
                log.info("intake.confirmed", source=task.source)
                return None
            reason, given_up = f"answered {answer.status}", 400 <= answer.status < 500
        log.warning("intake.not_confirmed", source=task.source, reason=reason)
        return None if given_up or attempts >= _VISITS else _VISIT_AGAIN_S
