"""Looks at Relight as others do: over HTTP, with a token, a browser's form, a reader's page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from relight.egress.http import GuardedHttp
from relight.egress.policy import Egress
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import HttpAnswer, HttpRequest
from relight.rehearse.page_form import posting_forms

T = TypeVar("T")

_AGAIN_S = 0.1


class NotSeen(RelightError):
    """What should have happened was not seen."""


class SeenVerdict(msgspec.Struct, frozen=True):
    """The failing domain, and the sentence for people."""

    domain: str
    sentence: str


class SeenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What the API says of an incident, as far as a responder needs it."""

    name: str
    title: str
    status: str
    severity: str
    severity_reason: str
    services: tuple[str, ...]
    began_at: datetime
    declared_at: datetime
    by_rule: bool
    verdict: SeenVerdict | None
    acknowledged_by: str
    postmortem: str


class SeenEntry(msgspec.Struct, frozen=True):
    """One entry of a timeline, in words."""

    type: str
    sentence: str


class SeenCheck(msgspec.Struct, frozen=True):
    """One check."""

    name: str
    status: str


class SeenService(msgspec.Struct, frozen=True):
    """One service with its checks."""

    name: str
    state: str
    checks: tuple[SeenCheck, ...]


class PublicWord(msgspec.Struct, frozen=True):
    """One update on the public page."""

    status: str
    body: str


class PublicIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident on the public page, updates newest first."""

    id: str
    name: str
    status: str
    incident_updates: tuple[PublicWord, ...]


class PublicComponent(msgspec.Struct, frozen=True):
    """One component of the public page."""

    name: str
    status: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The public page in Statuspage's shape: what is open, and how the components stand."""

    components: tuple[PublicComponent, ...]
    incidents: tuple[PublicIncident, ...]

    def component(self, name: str) -> str:
        """Give a component's state, or nothing where the page does not show it."""
        return next((each.status for each in self.components if each.name == name), "")


class PublicIncidents(msgspec.Struct, frozen=True):
    """Every incident that the public page shows."""

    incidents: tuple[PublicIncident, ...]


class Outside:
    """Whoever looks from outside. Asking raises `PlugFailed` where nobody answers."""

    def __init__(self, base_url: str, clock: Clock) -> None:
        """Take the address that `relight up` serves."""
        self.base_url = base_url
        self._http = GuardedHttp(Egress.OWNER, SystemResolver(Egress.OWNER), clock)
        self.token = ""

    async def ask(self, path: str, **more: object) -> HttpAnswer:
        """Send one request to a path, or to a URL where it is one."""
        url = path if "://" in path else f"{self.base_url}{path}"
        return await self._http.request(
            msgspec.structs.replace(HttpRequest(url=url, longest_body=1 << 22), **more)
        )

    async def read(self, path: str, kind: type[T]) -> T | None:
        """Read JSON from a path, or None where it does not answer 200."""
        answer = await self.ask(path, headers=self._authorization())
        if answer.status != 200:
            return None
        return msgspec.json.decode(answer.body, type=kind)

    async def call(self, path: str, body: Mapping[str, object], *, key: str = "") -> HttpAnswer:
        """POST JSON with the token; a repeat with the same `key` is known as one."""
        headers = {**self._authorization(), "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        sent = msgspec.json.encode(body)
        return await self.ask(path, method="POST", headers=headers, body=sent)

    async def page(self, path: str) -> str:
        """Read a page as a browser without a session would. Raises `NotSeen` if it is refused."""
        answer = await self.ask(path, headers={"Accept": "text/html"}, follow_redirects=True)
        text = answer.body.decode("utf-8", "replace")
        if answer.status != 200:
            # Only how it begins: the rest of a link may be all that protects it.
            place = "/".join(urlsplit(path).path.split("/")[:2])
            msg = f"A page at {place} answered {answer.status}."
            raise NotSeen(msg)
        return text

    async def press(self, url: str) -> str:
        """Open a page and post its form as a browser would; give the page that follows."""
        forms = posting_forms(await self.page(url), url=url)
        if len(forms) != 1:
            msg = f"The page of the link has {len(forms)} forms to post, not one."
            raise NotSeen(msg)
        headers = {
            "Accept": "text/html",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.base_url,
            "Sec-Fetch-Site": "same-origin",
        }
        answer = await self.ask(
            forms[0].url,
            method="POST",
            headers=headers,
            body=forms[0].body(),
            follow_redirects=True,
        )
        if answer.status != 200:
            msg = f"Posting the page's form was answered {answer.status}."
            raise NotSeen(msg)
        return answer.body.decode("utf-8", "replace")

    async def summary(self) -> Summary | None:
        """Read the public page's summary."""
        return await self.read("/status/api/v2/summary.json", Summary)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


async def until(
    look: Callable[[], Awaitable[T | None]],
    *,
    within_s: float,
    otherwise: str,
    alive: Callable[[], None] = lambda: None,
) -> T:
    """Look again and again until there is something to give.

    Raises `NotSeen` with `otherwise` when the time is over, and whatever `alive` raises when there
    is nobody left to look at.
    """
    last = ""
    try:
        async with asyncio.timeout(within_s):
            while True:
                try:
                    found = await look()
                except PlugFailed as error:
                    found, last = None, str(error)
                if found is not None:
                    return found
                alive()
                await asyncio.sleep(_AGAIN_S)
    except TimeoutError:
        alive()
        msg = f"{otherwise} within {within_s:g} s. {last}".rstrip()
        raise NotSeen(msg) from None
