"""Hosts, sources of figures, bounds that figures must keep, and what the dashboard shows."""

import re
from collections.abc import Mapping
from typing import Any

from relight.catalog.metric import Combine, Dashboard, Host, MetricRule, MetricSource, Tile
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, choice, many, scalar
from relight.config.notes import Notes, shown
from relight.config.section import Found, Key, Section, build, made_of
from relight.config.tree import Node, Pairs, Scalar
from relight.detect.exposition import read_selector
from relight.kernel.severity import Severity

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
_KEEP = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,254}\*?")


def _share(text: str) -> float:
    number = _number(text.removesuffix("%").strip())
    share = number / 100 if text.endswith("%") else number
    if not 0 < share <= 1:
        msg = f"`{shown(text)}` is not a share. Write one like 90%."
        raise ValueError(msg)
    return share


def _number(text: str) -> float:
    if not re.fullmatch(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,2})?", text):
        msg = f"`{shown(text)}` is not a number."
        raise ValueError(msg)
    return float(text)


def _quantile(text: str) -> float:
    number = _number(text)
    if not 0 < number < 1:
        msg = f"`{shown(text)}` is not between 0 and 1. Write 0.95 for the p95."
        raise ValueError(msg)
    return number


def _metric(text: str) -> str:
    read_selector(text)
    return text


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        msg = f"`{shown(text)}` is not the name of a label."
        raise ValueError(msg)
    return text


def _kept(text: str) -> str:
    if not _KEEP.fullmatch(text):
        msg = (
            f"`{shown(text)}` is not a metric's name. Write one like http_requests_total or http_*."
        )
        raise ValueError(msg)
    return text


SHARE = scalar("share, like `90%`", _share)
NUMBER = scalar("number", _number)
METRIC = scalar('metric, like `http_requests_total{code=~"5.."}`', _metric)

HOST = Section(
    path="hosts[]",
    noun="a host",
    meaning="A machine whose agent tells how it is. A bare name is a host with every default.",
    shape=Host,
    later=frozenset({"labels", "units", "mounts"}),
    keys=(
        Key(
            name="name", form=forms.declared("host or metrics"), required=True, meaning="Its name."
        ),
        Key(name="service", form=forms.named("service"), meaning="The service that it carries."),
        Key(name="severity", form=choice(Severity), meaning="How bad its alerts are."),
        Key(name="disk", form=SHARE, meaning="How full a disk may be."),
        Key(
            name="full_within",
            field="full_within_s",
            form=forms.duration(),
            meaning="A disk that will be full within this, as it fills now, alerts.",
        ),
        Key(name="memory", form=SHARE, meaning="How full memory may be for five minutes."),
        Key(name="cpu", form=SHARE, meaning="How busy it may be for ten minutes."),
        Key(
            name="silent",
            field="silent_s",
            form=forms.duration(least_s=30),
            meaning="How long it may tell nothing.",
        ),
    ),
)

METRICS = Section(
    path="metrics[]",
    noun="a source of figures",
    meaning="A page that is scraped, or, without `scrape`, a program that pushes OTLP.",
    shape=MetricSource,
    later=frozenset({"labels", "drop", "otlp"}),
    keys=(
        Key(
            name="name", form=forms.declared("host or metrics"), required=True, meaning="Its name."
        ),
        Key(name="service", form=forms.named("service"), meaning="The service that it is of."),
        Key(name="scrape", form=forms.URL, meaning="A page of Prometheus text to read."),
        Key(name="bearer", form=forms.SECRET, meaning="Sent with it as a token."),
        Key(
            name="every",
            field="every_s",
            form=forms.duration(least_s=5),
            meaning="How often to read it.",
        ),
        Key(
            name="keep",
            form=many(scalar("name, perhaps with `*` at its end", _kept), "name"),
            meaning="Which metrics to keep.",
            default="all",
        ),
    ),
)

RULE = Section(
    path="rules[]",
    noun="a rule",
    meaning="A bound that a figure must keep.",
    shape=MetricRule,
    later=frozenset({"expr", "labels", "or"}),
    keys=(
        Key(name="name", form=forms.declared("rule"), required=True, meaning="What it is called."),
        Key(name="metric", form=METRIC, required=True, meaning="The series that are meant."),
        Key(
            name="rate",
            field="rate_s",
            form=forms.duration(),
            meaning="Take the rate per second over so long.",
        ),
        Key(
            name="quantile",
            form=scalar("number between 0 and 1", _quantile),
            meaning="Read a histogram: 0.95 is the p95, over `rate` or five minutes.",
        ),
        Key(
            name="by",
            form=many(scalar("label", _label), "label"),
            meaning="Labels that stay apart, each with an alert of its own.",
        ),
        Key(name="combine", form=choice(Combine), meaning="How other series become one figure."),
        Key(name="above", form=NUMBER, meaning="The figure has to be above this."),
        Key(name="below", form=NUMBER, meaning="The figure has to be below this."),
        Key(
            name="for",
            field="for_s",
            form=forms.duration(least_s=0),
            meaning="How long it may be beyond before it alerts.",
        ),
        Key(name="service", form=forms.named("service"), meaning="The service it speaks of."),
        Key(name="severity", form=choice(Severity), meaning="How bad it is."),
    ),
)

DASHBOARD = Section(
    path="dashboard",
    noun="the dashboard",
    meaning="Which metric answers which question, where none of the well-known names does.",
    keys=tuple(
        Key(name=tile.value, form=METRIC, meaning=meaning)
        for tile, meaning in (
            (Tile.P95, "The histogram of how long answers take."),
            (Tile.ERRORS, "The counter of answers that failed."),
            (Tile.REQUESTS, "The counter of all requests."),
            (Tile.CONNECTIONS, "The database connections in use."),
            (Tile.JOB_AGE, "The age of the oldest waiting job, in seconds."),
        )
    ),
)


def _host(node: Node, notes: Notes, key: str) -> Host | Nothing:
    if isinstance(node, Scalar):
        node = Pairs(node.line, ((Scalar(node.line, "name"), node),))
    return made_of(HOST, lambda found, _notes: build(Host, found.values)).read(node, notes, key)


def _rule(found: Found, notes: Notes) -> MetricRule | Nothing:
    values: Mapping[str, Any] = found.values
    if "above" not in found.lines and "below" not in found.lines:
        what = "This rule has no bound."
        notes.wrong(found.line, what, "Add `above:` or `below:`, as the figure should be.")
        return NOTHING
    return build(MetricRule, values)


HOSTS_FORM = many(Form("name, or keys of `hosts[]`", _host), "host")
METRICS_FORM = many(
    made_of(METRICS, lambda found, _notes: build(MetricSource, found.values)), "source"
)
RULES_FORM = many(made_of(RULE, _rule), "rule")
DASHBOARD_FORM = made_of(
    DASHBOARD,
    lambda found, _notes: Dashboard(
        metrics={Tile(name): metric for name, metric in found.values.items()}
    ),
)
