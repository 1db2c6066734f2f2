"""What the pages of customers report of a service: the keys under `edge:`."""

import re

from relight.catalog.edge import EdgeBeacon
from relight.config import forms
from relight.config.forms import many, scalar
from relight.config.notes import shown
from relight.config.section import Key, Section, build, made_of

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", re.ASCII)


def _share(text: str) -> float:
    number = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?) ?%", text)
    share = float(number[1]) / 100 if number else 0.0
    if not 0 < share <= 1:
        msg = f"`{shown(text)}` is not a share. Write one like 10%."
        raise ValueError(msg)
    return share


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        msg = f"`{shown(text)}` is not a host name. Write one like edge.example.org."
        raise ValueError(msg)
    return text


def _line(text: str) -> str:
    if len(text) > 200 or not text.isprintable():
        msg = f"`{shown(text)}` does not fit. Keep it to one line of at most 200 characters."
        raise ValueError(msg)
    return text


EDGE = Section(
    path="services[].edge",
    noun="what pages report",
    meaning="Have the pages of customers report how this service does there. "
    "`relight edge snippet` prints what to put on them.",
    shape=EdgeBeacon,
    later=frozenset({"fail", "quiet"}),
    keys=(
        Key(name="slow", field="slow_s", form=forms.duration(), meaning="From when on it is slow."),
        Key(
            name="wait",
            field="wait_s",
            form=forms.duration(),
            meaning="How long a page waits before it says that the service did not load.",
        ),
        Key(
            name="ready",
            form=scalar("name", _line),
            meaning="What is there once it has loaded: a performance mark that it sets, or a "
            "variable of the page.",
            default="the mark `relight-ok`",
        ),
        Key(
            name="watch",
            form=scalar("part of an address", _line),
            meaning="In the addresses of its own scripts. One that cannot be fetched is a failed "
            "load at once; errors in them count.",
        ),
        Key(
            name="api",
            form=scalar("beginning of an address", _line),
            meaning="Calls to addresses that begin so count as failed where there is no answer, "
            "or one of 500 and above.",
        ),
        Key(
            name="sample",
            form=scalar("share, like `10%`", _share),
            meaning="The share of loads that report.",
            default="100%",
        ),
        Key(
            name="hosts",
            form=many(scalar("host name", _host), "host"),
            meaning="Where reports go, in the order tried. Two that do not fail together keep a "
            "dead CDN from silencing them.",
            default="the host that people reach Relight by",
        ),
    ),
)

EDGE_FORM = made_of(EDGE, lambda found, _notes: build(EdgeBeacon, found.values))
