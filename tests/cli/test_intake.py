from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relight.cli import cli
from tests.intake.given import KIT, as_json, firing


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    (tmp_path / "relight.yaml").write_text(KIT)
    return tmp_path


def relight(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def test_a_sample_is_tried_and_nothing_is_written(kit: Path):
    sample = kit / "sample.json"
    sample.write_bytes(as_json(firing("HighLatency", severity="critical")))
    done = relight("intake", "try", "prometheus", str(sample), str(kit))
    assert done.output == "raises S1 of api: HighLatency (key HighLatency)\n"
    listed = relight("intake", "list", str(kit), "--json")
    assert {each["last_at"] for each in json.loads(listed.output)} == {None}


def test_an_address_holds_the_key(kit: Path):
    shown = json.loads(relight("intake", "url", "events", str(kit), "--json").output)
    assert shown["address"] == f"/in/events/{shown['key']}"
    assert len(shown["key"]) == 32
    assert shown["doors"] == ["/v2/enqueue", "/v2/change/enqueue"]


def test_a_mail_source_has_a_mail_address(kit: Path):
    source = "  - {name: nagios, from: {email: {listen: '127.0.0.1:2525'}}}\n"
    (kit / "relight.yaml").write_text(KIT + source)
    shown = relight("intake", "url", "nagios", str(kit))
    key = json.loads(relight("intake", "url", "nagios", str(kit), "--json").output)["key"]
    assert shown.stdout == f"nagios+{key}@any host, by mail to 127.0.0.1:2525\n"


def test_a_change_is_recorded_once_by_its_id(kit: Path):
    words = ("change", "record", "Deploy 1.2.3", str(kit), "--service", "api", "--id", "build-7")
    assert relight(*words).output == "Recorded.\n"
    assert relight(*words).output == "It is recorded already.\n"
    listed = json.loads(relight("change", "list", str(kit), "--json").output)
    assert [(each["summary"], each["service"]) for each in listed] == [("Deploy 1.2.3", "api")]
    empty = relight("change", "record", " ", str(kit))
    assert empty.exit_code == 2
    assert "Say in a few words what was changed." in empty.output
    wrong = relight("change", "record", "x", str(kit), "--service", "apy")
    assert wrong.exit_code == 1
