"""Reads a page as a browser without script does: its forms, its text, and whether it is well-formed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
from litestar.testing import TestClient

from relight.web.front import Front

_VOID = {"meta", "link", "input", "img", "br", "hr"}
_IN_SVG = {"path", "circle", "rect", "line", "use"}
_UNSAID = {"submit", "radio", "checkbox"}


@dataclass
class PageForm:
    """One form with the fields that it would send as it stands."""

    action: str
    fields: dict[str, str | list[str]] = field(default_factory=dict[str, "str | list[str]"])


class Reading(HTMLParser):
    """Walks a page once; raises where tags do not close as they opened or an id comes twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.text = ""
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self._open: list[str] = []
        self._form: PageForm | None = None
        self._filling = ""
        self._select = ""
        self.feed(html)
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert not {name for name in values if name.startswith("on")}, f"inline script in <{tag}>"
        assert "style" not in values, f"inline style in <{tag}>"
        if "id" in values:
            assert values["id"] not in self.ids, f"#{values['id']} twice"
            self.ids.add(values["id"])
        if tag == "a":
            self.links.add(values.get("href", ""))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = PageForm(values["action"])
            self.forms.append(self._form)
        self._field(tag, values)

    def _field(self, tag: str, values: dict[str, str]) -> None:
        if self._form is None:
            return
        name = values.get("name", "")
        if tag == "input" and (values.get("type") not in _UNSAID or "checked" in values):
            self._form.fields[name] = values.get("value", "")
        elif tag == "textarea":
            self._filling, self._form.fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in values or self._select not in self._form.fields):
            self._form.fields[self._select] = values["value"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1:] == [tag], f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._filling = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _IN_SVG, f"<{tag}/> does not close in HTML"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._filling and self._form is not None:
            self._form.fields[self._filling] = str(self._form.fields[self._filling]) + data

    def form(self, end: str, **wanted: str) -> PageForm:
        """Find the form whose address ends so, with these hidden values."""
        return next(
            form
            for form in self.forms
            if form.action.endswith(end) and wanted.items() <= form.fields.items()
        )


class Browser:
    """Someone signed in, without script: opens pages and sends the forms that it finds there."""

    def __init__(self, client: TestClient[Front], headers: dict[str, str]) -> None:
        self.client = client
        self.client.headers.update({"accept": "text/html"})
        self.sign_in(headers)
        self.answer: httpx.Response | None = None
        self.page = Reading("")

    def sign_in(self, headers: dict[str, str]) -> None:
        """Keep the session as a browser does, so that it goes along with a redirect."""
        name, _, value = headers["cookie"].partition("=")
        self.client.cookies.set(name, value)

    def open(self, path: str, *, answers: int = 200) -> Reading:
        return self._read(self.client.get(path), answers)

    def send(self, form: PageForm, *, answers: int = 200, **typed: str | list[str]) -> Reading:
        """Fill in and send; a redirect is followed as a browser follows it."""
        answer = self.client.post(form.action, data=form.fields | typed)
        return self._read(answer, answers)

    def _read(self, answer: httpx.Response, status: int) -> Reading:
        self.answer = answer
        assert answer.status_code == status, answer.text[:2000]
        self.page = Reading(answer.text)
        return self.page
