"""Calls people: asks "still wanted?" before each effect, and makes an entry of what came of it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import structlog

from relight.catalog.person import Person
from relight.desk.desk import Desk
from relight.desk.sign_in import DeliverSignIn
from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.kernel.actor import rule
from relight.kernel.ledger import Claim, Due
from relight.kernel.plug import PlugFailed, Plugged, Transient
from relight.kernel.ports import Ports
from relight.kernel.secret import Masker, Secret, SecretMissing
from relight.kernel.signing import sign
from relight.notify.channels import Channel
from relight.notify.delivery import GiveUp, Retry, next_attempt
from relight.notify.message import Kind, Message
from relight.oncall.page import compose
from relight.oncall.react import DeliverPage

log = structlog.get_logger()

ACKNOWLEDGE = "acknowledge"
_LINK_VALID = timedelta(hours=24)
_SIGN_IN_VALID_S = 900.0
_LONGEST_DELIVERY_S = 45.0
_PAGER = rule("paging")


class Pages:
    """Delivers pages and sign-in links through the people's channels."""

    def __init__(
        self,
        *,
        desk: Desk,
        due: Due,
        channel_of: Callable[[Plugged], Channel],
        ports: Callable[[], Ports],
        masker: Masker,
        key: bytes,
        base_url: str,
        new_link: Callable[[str, float], Secret],
    ) -> None:
        """Take the parts; `key` signs links, `new_link(person, valid_s)` makes a sign-in secret."""
        self._desk = desk
        self._due = due
        self._channel_of = channel_of
        self._ports = ports
        self._masker = masker
        self._key = key
        self._base_url = base_url
        self._new_link = new_link

    async def deliver(self, claim: Claim) -> None:
        """Deliver one page, or record why it was not, or when it is tried again."""
        task = msgspec.json.decode(claim.payload, type=DeliverPage)
        incident = await asyncio.to_thread(self._desk.incidents.read, task.incident)
        if incident is None:
            await asyncio.to_thread(self._due.complete, claim)
            return
        reason = _not_wanted(incident, task)
        if reason:
            suppressed = cmd.SuppressPage(page=task.request.page, reason=reason)
            await self._record(incident, suppressed, f"{claim.key}:suppressed", claim)
            return
        attempt = claim.attempts + 1
        try:
            answer = await self._send(task.request.contact, self._message(incident, task))
        except (PlugFailed, SecretMissing) as error:
            await self._failed(incident, task, claim, attempt, error)
            return
        sent = cmd.RecordPageSent(page=task.request.page, attempt=attempt, answer=answer)
        await self._record(incident, sent, f"{claim.key}:sent", claim)

    def _message(self, incident: Incident, task: DeliverPage) -> Message:
        now, request = self._desk.clock.now(), task.request
        subject = {"incident": incident.id, "person": request.person, "page": request.page}
        token = sign(self._key, ACKNOWLEDGE, subject, now + _LINK_VALID)
        return compose(
            incident,
            delivery_id=request.page,
            person=request.person,
            url=f"{self._base_url}/incidents/{incident.name}",
            acknowledge_url=f"{self._base_url}/ack/{token}",
            now=now,
        )

    async def _send(self, contact: Plugged, message: Message) -> str:
        """Hand it to the channel. Raises `PlugFailed` or `SecretMissing`, secrets masked."""
        try:
            async with asyncio.timeout(_LONGEST_DELIVERY_S):
                answer = await self._channel_of(contact).deliver(message, self._ports())
        except TimeoutError as error:
            msg = f"No answer within {_LONGEST_DELIVERY_S:.0f} s."
            raise Transient(msg) from error
        except (PlugFailed, SecretMissing):
            raise
        except Exception as error:  # a plug-in's door: what it breaks by is still a failed page
            log.exception("channel.broke", channel=contact.kind, error=type(error).__name__)
            msg = f"The {contact.kind} channel broke ({type(error).__name__})."
            raise Transient(msg) from error
        return self._masker.mask(answer)

    async def _failed(
        self,
        incident: Incident,
        task: DeliverPage,
        claim: Claim,
        attempt: int,
        error: PlugFailed | SecretMissing,
    ) -> None:
        failure = error if isinstance(error, PlugFailed) else Transient(str(error))
        following = next_attempt(attempt, failure, self._desk.clock.now())
        record = cmd.RecordPageFailed(
            page=task.request.page,
            attempt=attempt,
            reason=self._masker.mask(
                following.reason if isinstance(following, GiveUp) else str(failure)
            ),
            retry_at=following.at if isinstance(following, Retry) else None,
        )
        match following:
            case GiveUp():
                await self._record(incident, record, f"{claim.key}:failed:{attempt}", claim)
            case Retry():
                await self._record(incident, record, f"{claim.key}:failed:{attempt}", None)
                await asyncio.to_thread(self._due.defer, claim, due_at=following.at)

    async def _record(
        self,
        incident: Incident,
        command: cmd.IncidentCommand,
        command_id: str,
        completes: Claim | None,
    ) -> None:
        await asyncio.to_thread(
            self._desk.run, incident.id, command, _PAGER, command_id, completes=completes
        )

    async def send_sign_in(self, claim: Claim) -> None:
        """Send a sign-in link to every contact of a person; it is single-use and short-lived."""
        task = msgspec.json.decode(claim.payload, type=DeliverSignIn)
        person = self._desk.catalog.person(task.person)
        if person is not None:
            link = await asyncio.to_thread(self._new_link, person.name, _SIGN_IN_VALID_S)
            self._masker.learn(link)
            await self._send_links(person, claim.key, link)
        await asyncio.to_thread(self._due.complete, claim)

    async def _send_links(self, person: Person, delivery_id: str, link: Secret) -> None:
        for n, contact in enumerate(person.contacts):
            message = Message(
                delivery_id=f"{delivery_id}.{n}",
                kind=Kind.SIGNIN,
                recipient=person.name,
                title="Your link to sign in",
                sentence="This link signs you in once. It is valid for 15 minutes.",
                url=f"{self._base_url}/sign-in?link={link.reveal()}",
                at=self._desk.clock.now(),
            )
            try:
                await self._send(contact, message)
            except (PlugFailed, SecretMissing) as error:
                reason = self._masker.mask(str(error))
                log.warning("signin.not_delivered", person=person.name, reason=reason)


def _not_wanted(incident: Incident, task: DeliverPage) -> str:
    """Say why a page is no longer wanted, or nothing while it is."""
    if not incident.live:
        return f"The incident is {incident.status}."
    if incident.acknowledged_by:
        return f"{incident.acknowledged_by} has it."
    if incident.paging is None or task.request.round < incident.paging.first_round:
        return "Paging began anew."
    if incident.paging.stopped:
        return incident.paging.stopped
    return ""
