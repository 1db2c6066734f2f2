"""`/ack/{token}`: what the link in a page opens; pressing the button acknowledges."""

from litestar import Response, get
from litestar.params import FromPath

from relight.incident.summary import plain_sentence
from relight.web.account import open_to_all
from relight.web.ack import opened
from relight.web.house import TheHouse
from relight.web.pages.forms import Asker
from relight.web.shell import page


@get("/ack/{token:str}", guards=[open_to_all], sync_to_thread=True, include_in_schema=False)
def show(token: FromPath[str], house: TheHouse, request: Asker) -> Response[bytes]:
    """Ask for the confirmation: mail scanners open links too."""
    link = opened(house, token)
    sentence = plain_sentence(link.incident, house.clock.now())
    return page(request, "ack.html", link=link, incident=link.incident, sentence=sentence)


HANDLERS = (show,)
