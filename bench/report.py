"""Writes bench/report.md; sections that were not measured this time stay as they were."""

from __future__ import annotations

from pathlib import Path

from bench.measure import Figure, Section

REPORT = Path(__file__).parent / "report.md"
_HEAD = """\
# What was measured

Written by `make bench`. Ours and the peer take turns on the same input; figures are medians. The
ratio says how many times better than the peer Relight is. **RED** is a target that was missed.
Machine: 2 shared cores.
"""
_QUIET = 0.8
_COLUMNS = "| | ours | target | peer | ratio |\n|---|--:|--:|--:|--:|\n"


def write(sections: dict[str, Section]) -> None:
    """Put these sections into the report, by title."""
    kept = _read()
    kept |= {section.title: _body(section) for section in sections.values()}
    parts = [_HEAD, *(f"## {title}\n\n{body}" for title, body in sorted(kept.items()))]
    REPORT.write_text("\n".join(parts), encoding="utf-8")


def show(section: Section) -> str:
    """Give a section as text for the terminal."""
    return f"{section.title}\n{_body(section)}"


def _read() -> dict[str, str]:
    if not REPORT.exists():
        return {}
    _, *parts = REPORT.read_text(encoding="utf-8").split("\n## ")
    pairs = (part.partition("\n\n") for part in parts)
    return {title: f"{body.strip()}\n" for title, _, body in pairs}


def _body(section: Section) -> str:
    rows = "".join(_row(figure) for figure in section.figures)
    how = section.how.strip()
    if section.load > _QUIET:
        how += f"\n\nNot alone: other programs kept the machine at a load of {section.load:.1f}."
    return f"{how}\n\n{_COLUMNS}{rows}"


def _row(figure: Figure) -> str:
    target = ""
    if figure.target is not None:
        sign = "≤" if figure.better == "less" else "≥"
        target = f"{sign} {_number(figure.target)}"
        target += " **RED**" if figure.missed else " met"
    peer = f"{_number(figure.peer)} ({figure.peer_name})" if figure.peer is not None else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    ours = f"{_number(figure.ours)} {figure.unit}".strip()
    return f"| {figure.what} | {ours} | {target} | {peer} | {ratio} |\n"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")
