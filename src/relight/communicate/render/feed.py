"""The Atom feed: one entry for each update, so that a reader hears of every word given.

Source: RFC 4287.
"""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from markupsafe import Markup

from relight.communicate.public import PublicIncident, PublicUpdate
from relight.communicate.status_page import StatusPage

_MOST_ENTRIES = 50


def atom(page: StatusPage, *, root: str) -> bytes:
    """Write the newest 50 updates. Links begin with `root`; ids do not depend on it."""
    feed = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    _text(feed, "id", _id(page.id))
    _text(feed, "title", f"{page.title} status")
    _text(feed, "subtitle", str(page.answer))
    _text(feed, "updated", _exact(page.as_of))
    SubElement(feed, "link", {"rel": "self", "href": f"{root}feed.atom"})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{root}index.html"})
    SubElement(SubElement(feed, "author"), "name").text = page.title
    told = [(update, incident) for incident in page.incidents for update in incident.updates]
    told.sort(key=lambda pair: (pair[0].at, pair[0].id), reverse=True)
    for update, incident in told[:_MOST_ENTRIES]:
        _entry(feed, incident, update, root)
    indent(feed)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _entry(feed: Element, incident: PublicIncident, update: PublicUpdate, root: str) -> None:
    entry = SubElement(feed, "entry")
    _text(entry, "id", _id(update.id))
    _text(entry, "title", f"{update.status.capitalize()}: {incident.title}")
    _text(entry, "published", _exact(update.at))
    _text(entry, "updated", _exact(update.at))
    page = f"{root}incidents/{incident.id}.html"
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": page})
    lines = Markup("<br>").join(update.text.split("\n"))
    SubElement(entry, "content", {"type": "html"}).text = f"<p>{lines}</p>"


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _id(public_id: str) -> str:
    """Make an id that stays the same wherever the copy of the page lies."""
    return uuid5(NAMESPACE_URL, f"relight:{public_id}").urn


def _exact(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
