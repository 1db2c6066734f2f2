"""What goes on customers' pages, and what they report, from the shell."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relight.cli import cli
from relight.detect.edge.tally import Counts, Drained
from relight.wiring.house import build


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    (tmp_path / "relight.yaml").write_text(
        "name: X\ncustomers: customers.csv\nservices:\n  - name: widget\n    edge: {ready: W2E}\n  - name: api\n"
    )
    (tmp_path / "customers.csv").write_text("key,name\nacme,Acme\n")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def test_the_snippet_is_the_same_each_time(kit: Path):
    first = run("edge", "snippet", "widget", "acme", kit, "--url", "https://status.example")
    assert first.output.startswith('<script async src="https://status.example/edge.js" data-key="')
    assert 'data-ready="W2E"' in first.output
    again = run("edge", "snippet", "widget", "acme", kit, "--url", "https://status.example")
    assert again.output == first.output
    assert run("edge", "snippet", "widget", "-", kit).output != first.output


def test_keys_of_all(kit: Path):
    found = json.loads(run("edge", "keys", "widget", kit, "--json").output)
    assert [each["customer"] for each in found] == ["-", "acme"]


@pytest.mark.parametrize(
    "arguments", [("snippet", "widget", "acne"), ("snippet", "api", "acme"), ("show", "api")]
)
def test_who_is_not_there_is_said(kit: Path, arguments: tuple[str, ...]):
    assert run("edge", *arguments, kit).exit_code != 0


def test_what_was_reported(kit: Path):
    assert "No page has reported" in run("edge", "show", "widget", kit).output
    house = build(kit)
    counts = Counts(service="widget", site="acme", loads=12, failed=3)
    house.edge.records.add(Drained((counts,), ()), house.clock.now())
    house.close()
    assert run("edge", "show", "widget", kit).output.splitlines()[1].split() == [
        "12", "3", "0", "0", "0", "acme",
    ]  # fmt: skip
