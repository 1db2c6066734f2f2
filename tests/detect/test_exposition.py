"""Reading one metric out of Prometheus text: what its own client reads, and what is refused."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from relight.detect.exposition import Unreadable, names_in, read_selector, samples_of

LABEL_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
VALUES = st.floats(allow_nan=False)


@given(st.dictionaries(st.tuples(LABEL_TEXT, LABEL_TEXT), VALUES, min_size=1, max_size=8))
def test_it_reads_what_the_official_client_writes_and_reads(
    series: dict[tuple[str, str], float],
) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("depth", "A gauge.", ["queue", "other"], registry=registry)
    Gauge("depth_of_another", "Of a longer name.", registry=registry).set(7)
    for labels, value in series.items():
        gauge.labels(*labels).set(value)
    text = generate_latest(registry).decode()

    found = samples_of(text, read_selector("depth"))

    theirs = [
        each
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == "depth"
    ]
    assert [(each.labels, each.value) for each in found] == [
        (each.labels, each.value) for each in theirs
    ]
    assert names_in(text) == {"depth", "depth_of_another"}


def test_exemplars_and_the_end_of_openmetrics_are_passed_over() -> None:
    registry = CollectorRegistry()
    counter = Counter("orders", "Orders.", ["code"], registry=registry)
    counter.labels("200").inc(41, {"trace_id": "ab} # {cd"})
    text = bytes(openmetrics.generate_latest(registry)).decode()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    assert "# {trace_id=" in text
    assert text.endswith("# EOF\n")

    (found,) = samples_of(text, read_selector("orders_total"))

    assert (found.labels, found.value) == ({"code": "200"}, 41)


PAGE = """\
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",path="/a"} 90
requests_total{code="500",path="/a"} 3 1700000000000
requests_total{code="503",path="/b",} 4\r
bare 1
odd\tNaN
far +Inf
"""


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("requests_total", [90, 3, 4]),
        ('requests_total{code="500"}', [3]),
        ('requests_total{code=~"5.."}', [3, 4]),
        ('requests_total{code!~"5..", path!="/b"}', [90]),
        ('requests_total{code=~"2..|503"}', [90, 4]),
        ('requests_total{instance=""}', [90, 3, 4]),
        ("requests_total{}", [90, 3, 4]),
        ('requests_total{code="404"}', []),
        ("requests", []),
        ("bare", [1]),
        ("far", [math.inf]),
    ],
)
def test_a_selector_means_what_it_means_to_prometheus(selector: str, values: list[float]) -> None:
    assert [each.value for each in samples_of(PAGE, read_selector(selector))] == values


def test_no_number_is_told_from_no_metric() -> None:
    (odd,) = samples_of(PAGE, read_selector("odd"))
    assert math.isnan(odd.value)


@pytest.mark.parametrize(
    "written",
    ["", "a b", "9a", "a{", 'a{b="c"', "a{b=c}", 'a{b="c" d="e"}', 'a{=~"x"}', "sum(a)", "a[5m]"],
)
def test_what_is_no_selector_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="Write one like http_requests_total"):
        read_selector(written)


@pytest.mark.parametrize("pattern", ["(a+)+", ".*.*x", "a{1,9}", "[a", "+"])
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|matched with"):
        read_selector(f'a{{b=~"{pattern}"}}')


@pytest.mark.parametrize("line", ["a{b=1} 2", 'a{b="c} 2', "a two", "a 1_000", "a ", 'a{b=~"c"} 1'])
def test_a_line_that_cannot_be_read_is_said(line: str) -> None:
    with pytest.raises(Unreadable, match="of a "):
        samples_of(f"{line}\nb 1\n", read_selector("a"))


@given(st.text(max_size=300))
def test_nothing_breaks_it(text: str) -> None:
    names_in(text)
    with suppress(Unreadable):
        samples_of(f"a{text}", read_selector("a"))
