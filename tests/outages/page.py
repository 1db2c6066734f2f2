"""The public page as its reader sees it: the words of the HTML, one block a line."""

from html.parser import HTMLParser

_BLOCKS = {"h1", "h2", "h3", "p", "div", "li", "dl", "ol", "ul", "article", "section", "details"}
_APART = {"dt", "dd", "span", "strong", "time", "summary"}


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "main"
        if tag in _BLOCKS:
            self.lines.append("")
        elif tag in _APART:
            self.lines[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "main"
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.lines[-1] += data


def page_text(html: str) -> str:
    words = _Words()
    words.feed(html)
    words.close()
    lines = (" ".join(line.split()) for line in words.lines)
    return "\n".join(line for line in lines if line)
