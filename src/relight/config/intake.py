"""Senders outside: a name, the format they speak, and what their words mean here."""

from collections.abc import Mapping

from relight.catalog.intake import IntakeSource
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, choice
from relight.config.notes import Notes
from relight.config.plugs import plug_form
from relight.config.section import Found, Key, Section, build, made_of, read_section
from relight.config.tree import Node, Pairs, Scalar
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity

_FORMAT = plug_form("format", lambda kinds: kinds.intake, lambda _text: None)
_SERVICE = forms.named("service")
_SEVERITY = choice(Severity)


def _read_format(node: Node, notes: Notes, key: str) -> Plugged | Nothing:
    """Read a format; a bare name is one without settings."""
    if isinstance(node, Scalar) and not node.empty:
        node = Pairs(node.line, ((node, Pairs(node.line, ())),))
    return _FORMAT.read(node, notes, key)


BY_LABEL = Section(
    path="intake[].service",
    noun="a service by label",
    meaning="Instead of a name: which label of an alert names the service.",
    keys=(
        Key(
            name="label",
            form=forms.TEXT,
            required=True,
            meaning="The label, tag or detail whose value is the name of a service.",
            default="service",
        ),
    ),
)


def _read_service(node: Node, notes: Notes, key: str) -> str | Mapping[str, str] | Nothing:
    if not isinstance(node, Pairs):
        return _SERVICE.read(node, notes, key)
    found = read_section(BY_LABEL, node, notes)
    if isinstance(found, Nothing) or "label" not in found.values:
        return NOTHING
    return {"service_label": found.values["label"]}


def _read_severity(node: Node, notes: Notes, key: str) -> Mapping[str, Severity] | Nothing:
    if not isinstance(node, Pairs):
        notes.wrong(node.line, f"`{key}` maps words to severities.", "Write `{critical: S1}`.")
        return NOTHING
    read = {word.text: _SEVERITY.read(value, notes, word.text) for word, value in node.pairs}
    return {word.lower(): each for word, each in read.items() if not isinstance(each, Nothing)}


INTAKE = Section(
    path="intake[]",
    noun="an intake source",
    meaning="A program or mailbox outside that tells of alerts, changes or reports.",
    shape=IntakeSource,
    later=frozenset({"teams", "was"}),
    keys=(
        Key(
            name="name",
            form=forms.declared("intake source"),
            required=True,
            meaning="A short name; its address and key follow from it.",
        ),
        Key(
            name="from",
            field="format",
            form=Form("`format: settings`, or the name of a format", _read_format),
            required=True,
            meaning="The format it speaks.",
        ),
        Key(
            name="service",
            form=Form("name of a service, or `{label: NAME}`", _read_service),
            meaning="What its alerts are about, or the label that names it.",
            default="the label `service`",
        ),
        Key(
            name="severity",
            form=Form("words and severities, like `{critical: S1}`", _read_severity),
            meaning="What the sender's words mean, where the format's own table does not fit.",
            default="the format's table",
        ),
    ),
)


def _source(found: Found, notes: Notes) -> IntakeSource | Nothing:
    del notes
    values = dict(found.values)
    if isinstance(values.get("service"), dict):
        values.update(values.pop("service"))
    return build(IntakeSource, values)


INTAKE_FORM = forms.many(made_of(INTAKE, _source), "source")
