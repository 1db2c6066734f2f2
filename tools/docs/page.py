"""One page in the making: its Markdown, and what it found that nobody explains."""

import inspect
import re
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `make docs` from the code. Mend the docstring there, not this page. -->"


class Page:
    """Collects Markdown blocks. `faults` are sentences about what lacks words."""

    def __init__(self, name: str, title: str, *lead: str) -> None:
        """Begin a page; `name` is its file in `docs/reference/`."""
        self.name = name
        self.title = title
        self.lead = lead[0] if lead else ""
        self.faults: list[str] = []
        self._blocks = [f"# {title}", NOTICE, *lead]

    def add(self, *blocks: str) -> None:
        """Add blocks, with a blank line between each."""
        self._blocks += [block for block in blocks if block]

    def lacks(self, what: str) -> None:
        """Note that something has no words of its own."""
        self.faults.append(f"{what} is not documented")

    def text(self) -> str:
        """Give the whole file."""
        return "\n\n".join(self._blocks) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table; a bar or a line break inside a cell does no harm."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines) if len(lines) > 2 else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def code(text: str) -> str:
    """Mark a word as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def fenced(text: str, language: str = "") -> str:
    """Put text into a fence."""
    return f"```{language}\n{text.rstrip()}\n```"


def manual(kind: type) -> str:
    """Give a class's own docstring with its paragraphs rewrapped, or nothing."""
    written = kind.__doc__ or ""
    # msgspec gives a struct without a docstring its signature instead.
    if not written.strip() or written.startswith(f"{kind.__name__}("):
        return ""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(written))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def first_sentence(kind: type) -> str:
    """Give the first line of a class's docstring."""
    return manual(kind).partition("\n")[0]
