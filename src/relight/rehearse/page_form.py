"""Reads the form on a page, so that it can be filled in and sent as a browser would."""

from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import msgspec


class PageForm(msgspec.Struct, frozen=True, kw_only=True):
    """One form: where it posts to, as an absolute URL, and the fields it carries by itself."""

    url: str
    fields: Mapping[str, str]

    def body(self) -> bytes:
        """Write the fields as a browser sends them."""
        return urlencode(dict(self.fields)).encode()


def posting_forms(page: str, *, url: str) -> list[PageForm]:
    """Give the forms of a page that post something, in order; `url` is where the page was read."""
    reader = _FormReader(url)
    reader.feed(page)
    reader.close()
    return reader.found


class _FormReader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._url = url
        self._target: str | None = None
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "get").lower() == "post":
            self._target = urljoin(self._url, given.get("action", ""))
            self._fields = {}
        elif self._target is not None and tag in {"input", "button"} and given.get("name"):
            self._fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._target is not None:
            self.found.append(PageForm(url=self._target, fields=self._fields))
            self._target = None
