"""Acknowledging by a signed link: the link is the proof, so no session is needed."""

import msgspec
from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from relight.incident.refusals import AlreadyAcknowledged
from relight.incident.state import Incident
from relight.kernel.actor import person
from relight.kernel.signing import LinkInvalid, verify
from relight.web.account import WebRequest, open_to_all
from relight.web.house import House, TheHouse

PURPOSE = "acknowledge"


class AckLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed link is about."""

    incident: Incident
    person: str
    page: str

    @property
    def done(self) -> bool:
        """Whether this person has it already."""
        return self.incident.acknowledged_by == self.person


def opened(house: House, token: str) -> AckLink:
    """Read a signed link. Raises `LinkInvalid`, `LinkExpired` or `IncidentNotFound`."""
    subject = verify(house.instance.key, PURPOSE, token, house.clock.now())
    if not subject.get("incident") or not subject.get("person"):
        raise LinkInvalid
    return AckLink(
        incident=house.desk.find(subject["incident"]),
        person=subject["person"],
        page=subject.get("page", ""),
    )


@post("/ack/{token:str}", guards=[open_to_all], sync_to_thread=True, include_in_schema=False)
def acknowledge(token: FromPath[str], house: TheHouse, request: WebRequest) -> Redirect:
    """Acknowledge as the person the link was made for; a repeat changes nothing.

    Where another person has it already, the refusal says who.
    """
    link = opened(house, token)
    by = person(link.person)
    try:
        house.desk.acknowledge(link.incident.id, person=link.person, via="link", by=by)
    except AlreadyAcknowledged:
        if not opened(house, token).done:
            raise
    return Redirect(request.scope["path"], status_code=303)


HANDLERS = (acknowledge,)
