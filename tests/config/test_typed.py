"""A plug-in's own field types decide how its settings are read."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from relight.config.kinds import Kinds
from relight.config.read import Reading
from relight.config.schema import document
from relight.kernel.faults import Level
from relight.kernel.plug import Plug
from relight.kernel.registry import UnknownKind

Read = Callable[..., Reading]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    depth: int
    wait_s: float = 1.0


class Everything(Plug, frozen=True, kw_only=True):
    """Every type that a field may have."""

    target: str
    count: Annotated[int, Meta(ge=1, description="How many.")] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    wait_s: Annotated[float, Meta(le=60)] | None = None
    sure: bool = False
    colour: Colour = Colour.RED
    size: Literal["s", "m"] = "s"
    tags: tuple[str, ...] = ()
    limits: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it
    inner: Inner | None = None
    token: str = ""

    SECRETS = frozenset({"token"})

    def __post_init__(self) -> None:
        if self.token == "tooshort":
            msg = f"`{self.token}` is too short for a token."
            raise ValueError(msg)


class Offered:
    def __init__(self, seam: str, plugs: Mapping[str, type[Plug]]) -> None:
        self.seam = seam
        self._plugs = plugs

    def kinds(self) -> list[str]:
        return sorted(self._plugs)

    def get(self, kind: str) -> type[Plug]:
        if kind not in self._plugs:
            raise UnknownKind
        return self._plugs[kind]


ALL = Kinds(
    probes=Offered("probe", {"everything": Everything}),
    channels=Offered("channel", {}),
    publishers=Offered("publisher", {}),
    intake=Offered("format", {}),
    feeds=Offered("feed", {}),
)


def check(read: Read, settings: str, environment: dict[str, str] | None = None) -> Reading:
    text = f"name: x\nservices:\n- name: a\n  checks:\n  - everything: {settings}\n"
    return read(text, environment, ALL)


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        ("here", {"target": "here"}),
        ("'12'", {"target": "12"}),
        ("{target: 12}", {"target": "12"}),
        ("{target: a, count: 3, share: 0.25}", {"target": "a", "count": 3, "share": 0.25}),
        ("{target: a, wait: 1m, sure: true}", {"target": "a", "wait_s": 60, "sure": True}),
        ("{target: a, colour: green, size: m}", {"target": "a", "colour": "green", "size": "m"}),
        ("{target: a, tags: [b, 3]}", {"target": "a", "tags": ["b", "3"]}),
        ("{target: a, limits: {b: 3}}", {"target": "a", "limits": {"b": 3}}),
        (
            "{target: a, inner: {depth: 2, wait: 5s}}",
            {"target": "a", "inner": {"depth": 2, "wait_s": 5}},
        ),
        ("{target: a, inner: ~}", {"target": "a", "inner": None}),
        ("{target: a, token: env:T}", {"target": "a", "token": "env:T"}),
    ],
)
def test_values_get_their_types(read: Read, settings: str, values: dict[str, Any]):
    reading = check(read, settings, {"T": "long enough"})
    assert reading.catalog is not None, reading.faults
    assert reading.catalog.services[0].checks[0].probe.settings == values


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("{target: a, count: many}", "`count`: `many` is not a whole number."),
        ("{target: a, count: 0}", "`count`: It must be at least 1."),
        ("{target: a, count: 1.5}", "not a whole number"),
        ("{target: a, share: 1}", "less than 1"),
        ("{target: a, share: .inf}", "not a number"),
        ("{target: a, wait: 2m}", "at most 60s"),
        ("{target: a, wait_s: 5}", "Did you mean `wait`?"),
        ("{target: a, sure: maybe}", "neither `true` nor `false`"),
        ("{target: a, colour: blue}", "not one of: red, green"),
        ("{target: a, size: xl}", "`xl` is not one of"),
        ("{target: a, tags: b}", "Write it as list: text."),
        ("{target: a, limits: {b: c}}", "`b`: `c` is not a whole number."),
        ("{target: a, inner: {dpth: 2}}", "`dpth` is not a key of `inner`. Did you mean `depth`?"),
        ("{target: a, inner: {}}", "`depth` is missing from `inner`."),
        ("{target: a, token: plain}", "secret in plain sight"),
        ("{target: ''}", "`target` is empty."),
        ("{}", "`target` is missing from `everything`."),
    ],
)
def test_a_value_of_the_wrong_type_is_said(read: Read, settings: str, words: str):
    reading = check(read, settings)
    assert reading.catalog is None
    said = [str(fault) for fault in reading.faults if fault.level is Level.ERROR]
    assert any(words in one for one in said), said
    assert all(one.startswith("relight.yaml:5: ") for one in said)


def test_a_refusal_by_the_plug_itself_hides_the_secret(read: Read):
    reading = check(read, "{target: a, token: env:T}", {"T": "tooshort"})
    assert reading.catalog is None
    said = " ".join(map(str, reading.faults))
    assert "too short for a token" in said
    assert "tooshort" not in said


def test_the_reference_page_tells_the_fields_of_a_plug():
    section = next(each for each in document(ALL) if each.title == "probe everything")
    rows = {row.key: row for row in section.rows}
    assert section.meaning == "Every type that a field may have."
    assert rows["target"].required
    assert (rows["wait"].type, rows["wait"].default) == ("duration, like `30s`", "")
    assert (rows["count"].meaning, rows["count"].default) == ("How many.", "1")
    assert rows["colour"].type == "`red` or `green`"
    assert rows["token"].type == "secret, as `env:NAME` or `file:PATH`"
