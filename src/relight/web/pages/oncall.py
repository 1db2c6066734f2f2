"""`/oncall`: who is called now, until when, who follows."""

from litestar import Response, get

from relight.web.account import viewer
from relight.web.house import TheHouse
from relight.web.pages import duty, forms
from relight.web.pages.forms import Asker


@get("/oncall", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def show(house: TheHouse, request: Asker) -> Response[bytes]:
    """Show who is called."""
    found = duty.on_call(house.desk.catalog, house.clock.now())
    return forms.show(request, "oncall.html", oncall=found)


HANDLERS = (show,)
