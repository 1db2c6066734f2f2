"""What every intake format keeps to, walked over the registry."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from relight.detect.handed import LONGEST_KEY, MOST_DETAILS, NotGenuine, NotTaken, Received
from relight.detect.intake import INTAKE, Format
from tests.contracts.plugs import check_manual, check_secrets_hidden, check_unknown_kind, example
from tests.intake.samples import NOW, SECRET, Sample, samples, sns

KINDS = INTAKE.kinds()
SAMPLES = samples()
READ_JSON = sorted(set(KINDS) - {"email"})
SIGNED = sorted(kind for kind, each in SAMPLES.items() if each.forged)


def read(kind: str, **changes: object) -> Received:
    sample = SAMPLES[kind]
    return sample.format(kind).read(sample.handed(**changes))


def signed_again(sample: Sample, body: bytes) -> dict[str, object]:
    return {"body": body, "headers": sample.headers(body)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str):
    plug = INTAKE.get(kind)
    made = example(plug)
    assert isinstance(made, Format)
    assert msgspec.convert(msgspec.to_builtins(made), plug) == made
    assert plug.read is not Format.read
    assert all(word == word.lower() for word in plug.SEVERITIES)
    check_manual(plug)
    check_secrets_hidden(plug)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        example(plug, no_such_key=1)


def test_an_unknown_kind_names_the_nearest():
    check_unknown_kind(INTAKE)


def test_every_format_has_a_sample():
    assert sorted(SAMPLES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_what_its_sender_publishes(kind: str):
    received = read(kind)
    assert received.counts == SAMPLES[kind].counts
    assert 200 <= received.answer.status < 300
    for each in received.raised:
        assert each.key
        assert each.summary
        assert each.said_at is None or each.said_at.year == 2026
    for change in received.changes:
        assert change.id
        assert change.summary
    assert SECRET not in repr(received)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_delivery_has_the_same_keys(kind: str):
    first, again = read(kind), read(kind, id="another", now=NOW)
    assert [each.key for each in first.raised] == [each.key for each in again.raised]
    assert first.delivery == again.delivery
    if first.changes and kind != "flags":
        assert [each.id for each in first.changes] == [each.id for each in again.changes]


def refused(kind: str, **changes: object) -> NotTaken:
    sample = SAMPLES[kind]
    with pytest.raises(NotTaken) as caught:
        read(kind, **changes)
    answer = INTAKE.get(kind).refusal(caught.value, sample.handed())
    assert 400 <= answer.status < 500
    assert isinstance(json.loads(answer.body), dict)
    for text in (str(caught.value), caught.value.hint, answer.body.decode()):
        assert SECRET not in text
    return caught.value


@pytest.mark.parametrize("kind", READ_JSON)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"null", b"17", b'"text"', b"[]", b"[" * 100_000, b'{"a":' * 100_000],
    ids=["empty", "half", "bytes", "null", "number", "text", "list", "deep", "deeper"],
)
def test_what_is_no_object_is_refused_in_words(kind: str, body: bytes):
    refused(kind, **signed_again(SAMPLES[kind], body))


@pytest.mark.parametrize("kind", READ_JSON)
@given(data=st.data())
def test_wrong_types_are_refused_or_read_and_nothing_else(kind: str, data: st.DataObject):
    sample = SAMPLES[kind]
    if kind == "sns":
        return  # It is signed over its fields; its own test changes them.
    value: dict[str, Any] = json.loads(sample.body)
    odd: list[Any] = [None, True, 7, -1e300, "x", "\0", [], {}, [[]], {"a": {"b": 1}}]
    node: Any = value
    while True:
        names: list[Any] = sorted(node) if isinstance(node, dict) else list(range(len(node)))  # pyright: ignore[reportUnknownArgumentType]
        name: Any = data.draw(st.sampled_from(names))
        if not (isinstance(node[name], dict | list) and node[name]) or data.draw(st.booleans()):
            node[name] = data.draw(st.sampled_from(odd))
            break
        node = node[name]  # pyright: ignore[reportUnknownVariableType]
    with suppress(NotTaken):
        received = read(kind, **signed_again(sample, json.dumps(value).encode()))
        for each in received.raised:
            assert 0 < len(each.key) <= LONGEST_KEY
            assert len(each.details) <= MOST_DETAILS


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("given_", ["", "wrong", "Bearer wrong", "sha256=00", "Bearer ", "é" * 40])
def test_a_forged_sender_is_refused(kind: str, given_: str):
    sample = SAMPLES[kind]
    headers = {**sample.headers(sample.body), sample.forged: given_}
    assert isinstance(refused(kind, headers=headers), NotGenuine)
    del headers[sample.forged]
    assert isinstance(refused(kind, headers=headers), NotGenuine)


@pytest.mark.parametrize("kind", ["generic", "github", "launchdarkly", "sentry"])
def test_a_body_that_was_changed_on_the_way_is_refused(kind: str):
    sample = SAMPLES[kind]
    assert isinstance(refused(kind, body=sample.body + b" "), NotGenuine)


@pytest.mark.parametrize("kind", sorted({"alertmanager", "pagerduty", "opsgenie", "pingdom"}))
def test_fields_that_nobody_knows_are_kept(kind: str):
    sample = SAMPLES[kind]
    value = {**json.loads(sample.body), "field_of_tomorrow": {"deep": "kept"}}
    received = read(kind, **signed_again(sample, json.dumps(value).encode()))
    assert ("field_of_tomorrow.deep", "kept") in received.raised[0].details


@pytest.mark.parametrize("kind", sorted(set(READ_JSON) - {"sns", "report"}))
def test_long_values_are_cut(kind: str):
    sample = SAMPLES[kind]
    long = sample.body.replace(b"Drop the index", b"D" * 50_000).replace(b"High", b"H" * 50_000)
    received = read(kind, **signed_again(sample, long))
    for each in received.raised:
        assert len(each.key) <= LONGEST_KEY
        assert all(len(value) <= 1000 for _, value in each.details)
    assert all(len(each.summary) <= 1024 for each in received.changes)


def test_sns_of_both_versions():
    for version in ("1", "2"):
        assert read("sns", body=sns(version=version)).counts == {"raised": 1}
