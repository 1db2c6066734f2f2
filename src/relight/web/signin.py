"""Signing in by a link that works once, and out again."""

from collections import deque
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect

from relight.catalog.person import Person
from relight.kernel.clock import Clock
from relight.kernel.faults import Denied
from relight.store.records import make_admin
from relight.web.access import OWNER, SESSION_S, role_of, session_cookie, set_session
from relight.web.account import WebRequest, open_to_all, viewer
from relight.web.house import House, TheHouse
from relight.web.shell import page

_WHO_S = 900.0
_MOST = 5
_WITHIN_S = 900.0
_SENT = "If we know you, a link is on its way."
_SENT_HINT = "Look at your messages. The link works once and for 15 minutes."


class LinkUsed(Denied):
    """This link was used already, or is too old."""

    hint = "Ask for a new one on the page to sign in."


class NotDeclaredAnyMore(Denied):
    """`relight.yaml` does not name you."""

    hint = "Ask whoever keeps it to add you to `people`."


class Asked(msgspec.Struct, frozen=True):
    """The form that asks for a link."""

    who: str
    next: str = ""


class Presented(msgspec.Struct, frozen=True):
    """The form that uses a link; `person` answers the first sign-in's question."""

    link: str
    person: str = ""
    next: str = ""


class Restraint:
    """At most five links in fifteen minutes for each person, so that nobody's phone is flooded."""

    def __init__(self, clock: Clock) -> None:
        """Count by the running clock."""
        self._clock = clock
        self._sent: dict[str, deque[float]] = {}

    def allows(self, person: str) -> bool:
        """Whether one more may be sent now; counts it."""
        now = self._clock.monotonic_s()
        sent = self._sent.setdefault(person, deque())
        while sent and now - sent[0] >= _WITHIN_S:
            sent.popleft()
        if len(sent) >= _MOST:
            return False
        sent.append(now)
        return True


@get("/sign-in", guards=[open_to_all], sync_to_thread=True, include_in_schema=False)
def ask(
    request: WebRequest,
    link: FromQuery[str] = "",
    then: Annotated[str, QueryParameter(name="next")] = "",
) -> Response[bytes]:
    """Show the form; with a link show a button, since mail scanners open links too."""
    template = "sign-in-link.html" if link else "sign-in.html"
    return page(request, template, link=link, next=inside(then))


@post(
    "/sign-in", guards=[open_to_all], sync_to_thread=True, include_in_schema=False, status_code=200
)
def send_link(
    request: WebRequest,
    house: TheHouse,
    data: URLEncodedBody[Asked],
) -> Response[bytes]:
    """Send a link if we know who asks; the answer is the same, and takes as long, if we do not."""
    response = page(request, "sign-in-sent.html", sentence=_SENT, hint=_SENT_HINT)
    restraint: Restraint = request.app.state.restraint
    response.background = BackgroundTask(_send, house, restraint, data.who)
    return response


def _send(house: House, restraint: Restraint, who: str) -> None:
    person = find_person(house.kit.catalog.people, who)
    if person is not None and restraint.allows(person.name):
        house.send_sign_in(person.name)


@post("/sign-in/link", guards=[open_to_all], sync_to_thread=True, include_in_schema=False)
def use_link(
    request: WebRequest,
    house: TheHouse,
    data: URLEncodedBody[Presented],
) -> Response[Any]:
    """Begin a session. The first link of an installation asks who it is and makes them admin."""
    person = house.access.use_link(data.link, house.clock.now())
    if person is None:
        raise LinkUsed
    if person:
        return signed_in(request, house, person, data.next)
    people = [each.name for each in house.kit.catalog.people]
    chosen = data.person if people else OWNER
    if chosen not in (people or [OWNER]):
        again = house.access.new_link("", house.clock.now(), _WHO_S).reveal()
        return page(request, "sign-in-who.html", people=people, link=again, next=inside(data.next))
    make_admin(house.database, chosen)
    return signed_in(request, house, chosen, data.next)


def signed_in(request: WebRequest, house: House, person: str, then: str) -> Response[Any]:
    """Begin a new session in place of any old one. Raises `NotDeclaredAnyMore`."""
    role = role_of(house, person)
    if role is None:
        raise NotDeclaredAnyMore
    old = session_cookie(request.headers.get("cookie", ""))
    if old:
        house.access.end_session(old)
    session = house.access.new_session(person, role, house.clock.now(), SESSION_S)
    cookie = set_session(house, session.reveal())
    return Redirect(inside(then) or "/", status_code=303, cookies=[cookie])


@post("/sign-out", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def sign_out(request: WebRequest, house: TheHouse) -> Redirect:
    """End this session, on the server too."""
    house.access.end_session(session_cookie(request.headers.get("cookie", "")))
    return Redirect("/sign-in", status_code=303, cookies=[set_session(house, "")])


def find_person(people: tuple[Person, ...], who: str) -> Person | None:
    """Find someone by name, or by an address that is declared as a contact."""
    wanted = who.strip().casefold()
    for each in people:
        addresses = (str(value) for contact in each.contacts for value in contact.settings.values())
        if wanted and wanted in {each.name.casefold(), *(a.casefold() for a in addresses)}:
            return each
    return None


def inside(path: str) -> str:
    """Give a path of this house to go on to, or nothing for an address elsewhere."""
    plain = path.startswith("/") and not path.startswith("//") and path.isprintable()
    return path if plain and "\\" not in path and not path.startswith("/sign-") else ""


HANDLERS = (ask, send_link, use_link, sign_out)
