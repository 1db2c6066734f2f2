"""`/vendors`: what each says of itself, what it plans, and since when it cannot be read."""

from litestar import Response, get

from relight.web.account import viewer
from relight.web.house import TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker


@get("/vendors", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def index(house: TheHouse, request: Asker) -> Response[bytes]:
    """List the vendors, those with trouble first."""
    now = house.clock.now()
    views = house.vendors.views()
    troubled = [view for view in views if view.lasting(now)]
    calm = [view for view in views if not view.lasting(now)]
    return forms.show(
        request,
        "vendors.html",
        views=[*troubled, *calm],
        troubled=troubled,
        unknown=[view.vendor.title for view in views if view.standing.fault],
    )


HANDLERS = (index,)
