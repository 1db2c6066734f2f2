"""Reads HTML as strictly as it is written here: what is opened is closed, ids are unique."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br"}
_DRAWN = {"path", "circle", "use"}  # SVG closes these themselves


class Reader(HTMLParser):
    """What a page says and where it leads."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.said: list[str] = []
        self.feed(html.decode())
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    @property
    def text(self) -> str:
        return "".join(self.said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            assert tag not in _DRAWN
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.attributes.update(names)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"href", "src"} and value:
                self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)
