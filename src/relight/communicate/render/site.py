"""Every file of the public site, the same bytes for the web and for every publisher."""

from collections.abc import Sequence

from relight.catalog.component import ComponentState
from relight.communicate.public import Component
from relight.communicate.render.feed import atom
from relight.communicate.render.statuspage import api
from relight.communicate.render.templates import Templates
from relight.communicate.status_page import StatusPage

_ONE_LOOK = 12
_SHOWN_UPDATES = 3


def site(page: StatusPage, templates: Templates, *, base: str) -> dict[str, bytes]:
    """Draw the page: relative path -> bytes, in a fixed order.

    `base` is where the site's root can be reached, for the feed and the API, which need absolute
    links; empty falls back to the page's own address, and without one those links stay relative.
    Links within the pages are always relative, so they work on any host and from a folder.
    """
    root = base or page.url
    if root and not root.endswith("/"):
        root += "/"
    files = {
        "index.html": _draw(
            templates, "index.html", page, folded=_folded(page.components), shown=_SHOWN_UPDATES
        ),
        "history.html": _draw(templates, "history.html", page),
        "feed.atom": atom(page, root=root),
        "style.css": templates.style,
        "lamp.svg": templates.lamp,
        **api(page, root=root),
    }
    for incident in page.incidents:
        path = f"incidents/{incident.id}.html"
        files[path] = _draw(templates, "incident.html", page, up="../", incident=incident)
    return files


def _draw(
    templates: Templates, name: str, page: StatusPage, *, up: str = "", **values: object
) -> bytes:
    """Fill one template; `up` leads from its folder to the site's root."""
    template = templates.environment.get_template(name)
    return template.render(page=page, up=up, **values).encode()


def _folded(components: Sequence[Component]) -> tuple[Component, ...]:
    """Pick what may be folded away: what works, where the list is too long for one look."""
    if len(components) <= _ONE_LOOK:
        return ()
    return tuple(each for each in components if each.state is ComponentState.OPERATIONAL)
