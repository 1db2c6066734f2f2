"""Vantage points as the kit names them, and from which of them a check is looked at."""

from relight.catalog.vantage import HERE, VantagePoint
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, many, one_text
from relight.config.notes import Notes
from relight.config.section import Key, Section, build, made_of
from relight.config.tree import Node, Pairs, Scalar
from relight.kernel.faults import Level

_NAME = forms.declared("vantage point")


def _own_name(node: Node, notes: Notes, key: str) -> str | Nothing:
    text = one_text(node, notes, key)
    if text == HERE:
        what = "`here` is where Relight itself stands, and always looks."
        notes.wrong(node.line, what, "Choose another name, like the city.")
        return NOTHING
    return _NAME.read(node, notes, key)


VANTAGE = Section(
    path="vantage[]",
    noun="a vantage point",
    meaning="Another place to look from, where `relight probe-agent` runs. A bare name looks at "
    "everything.",
    shape=VantagePoint,
    later=frozenset({"region", "labels", "was"}),
    keys=(
        Key(
            name="name",
            form=Form(_NAME.says, _own_name),
            required=True,
            meaning="A short name, like the city.",
        ),
        Key(
            name="services",
            form=many(forms.named("service"), "service"),
            meaning="The services that it looks at.",
            default="all",
        ),
    ),
)


def _point(node: Node, notes: Notes, key: str) -> VantagePoint | Nothing:
    if isinstance(node, Scalar):
        node = Pairs(node.line, ((Scalar(node.line, "name"), node),))
    made = made_of(VANTAGE, lambda found, _notes: build(VantagePoint, found.values))
    return made.read(node, notes, key)


def _place(node: Node, notes: Notes, key: str) -> str | Nothing:
    text = one_text(node, notes, key)
    if not isinstance(text, Nothing) and text != HERE:
        notes.refer("vantage point", text, node.line, Level.ERROR)
    return text


VANTAGE_FORM = many(Form("name, or keys of `vantage[]`", _point), "vantage point")
PLACES = many(Form("`here` or the name of a vantage point", _place), "place")
