"""The shell as its user types it: words, JSON, exit codes, and no traceback."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relight.cli import cli, main
from relight.cli.door import NO, tell

KIT = """\
name: Where2Eat
people:
  - {name: sam, contacts: [{email: sam@example.org}]}
services:
  - name: api
    checks: [{tcp: "127.0.0.1:9"}]
"""


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A kit that has never been up."""
    (tmp_path / "relight.yaml").write_text(KIT, encoding="utf-8")
    return tmp_path


def run(*arguments: object) -> Result:
    """Run one command line in this process, letting its own refusals out."""
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def told(result: Result) -> dict[str, object]:
    """Read the JSON that a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_help_lists_every_command_and_imports_none() -> None:
    """Each listed command exists and explains itself."""
    listed = run("--help").output
    group = cli
    for name in group.list_commands(None):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert f"  {name} " in listed
        answer = run(name, "--help")
        assert answer.exit_code == 0, answer.output
        assert "Usage:" in answer.output


def test_an_unknown_command_names_the_nearest() -> None:
    """Used wrongly is exit code 2."""
    answer = run("declair")
    assert answer.exit_code == 2
    assert "`declare`" in answer.output


def test_init_writes_a_kit_that_check_finds_fine(tmp_path: Path) -> None:
    """What init writes needs no mending."""
    folder = tmp_path / "kit"
    written = told(run("init", folder, "--email", "sam@example.org", "--json"))["written"]
    assert str(folder / "relight.yaml") in written  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    found = told(run("check", folder, "--json"))
    assert found["ok"] is True


def test_check_lists_faults_with_their_lines_and_exits_1(kit: Path) -> None:
    """Every fault at once."""
    (kit / "relight.yaml").write_text("name: x\nservces: []\npeople: [{name: sam, zone: Mars}]\n")
    answer = run("check", kit)
    assert answer.exit_code == NO
    assert "relight.yaml:2: " in answer.output
    assert "`services`" in answer.output
    assert "relight.yaml:3: " in answer.output


def test_an_incident_from_the_shell_from_declare_to_close(kit: Path) -> None:
    """Works without a running `up`, and the record names who was at the shell."""
    declared = told(
        run("declare", "checkout fails", kit, "--severity", "S1", "--service", "api", "--json")
    )
    assert declared["number"] == 1
    assert declared["severity"] == "S1"
    ref = "INC-1"
    assert (
        told(run("incident", "ack", ref, kit, "--as", "sam", "--json"))["acknowledged_by"] == "sam"
    )
    run("incident", "note", ref, "Pool is exhausted.", kit, "--at", "2026-05-02T09:40:00Z")
    updated = run("incident", "update", ref, "We look into it.", kit, "--public", "--next", "30m")
    assert updated.exit_code == 0, updated.output
    duty = told(run("incident", "duty", ref, "communications", "sam", kit, "--json"))
    assert duty["duties"] == {"commander": "sam", "communications": "sam"}
    changed = run("incident", "severity", ref, "S2", kit, "--reason", "Half of them work.")
    assert changed.exit_code == 0, changed.output
    words = run("incident", "show", ref, kit).output
    assert "Pool is exhausted." in words
    run("incident", "correct", ref, 2, "It was S2.", kit, "--reason", "Typed too fast.")
    resolved = told(
        run(
            "incident",
            "resolve",
            ref,
            kit,
            "--reason",
            "Seen by hand.",
            "--last-word",
            "It works.",
            "--json",
        )
    )
    assert resolved["status"] == "resolved"
    assert told(run("incident", "close", ref, kit, "--json"))["status"] == "closed"
    proof = run("export", kit, "--verify")
    assert proof.exit_code == 0, proof.output
    assert "1 incidents replayed, 0 differ." in proof.output
    lines = [json.loads(line) for line in run("export", kit).stdout.splitlines()]
    assert lines[0]["event"]["type"] == "Declared"
    assert lines[0]["by"]["kind"] == "operator"


def test_resolving_against_the_data_needs_a_reason(
    kit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal is one sentence and the next step, exit code 1, no traceback."""
    run("declare", "checkout fails", kit, "--service", "api")
    with pytest.raises(SystemExit) as ended:
        main(["incident", "resolve", "1", str(kit)])
    assert ended.value.code == NO
    said = capsys.readouterr().err
    assert "has not been checked yet" in said
    assert "with a reason" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "line",
    [
        ["incident", "show", "INC-9"],
        ["incident", "ack", "INC-9"],
        ["declare", "x", "--service", "nope"],
        ["check", "--nope"],
        ["incident", "note", "1", "x", "--at", "yesterday"],
    ],
)
def test_what_a_user_can_cause_never_shows_a_traceback(
    kit: Path, line: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence and a code other than 0."""
    monkeypatch.chdir(kit)
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code in {1, 2}
    assert "Traceback" not in capsys.readouterr().err


def test_no_kit_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing a newcomer may meet."""
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path)])
    assert ended.value.code == NO
    assert "relight init" in capsys.readouterr().err


def test_a_defect_of_ours_is_said_to_be_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """Only then a traceback helps anyone."""
    assert tell(RuntimeError("boom")) == 3
    assert "defect of its own" in capsys.readouterr().err


def test_oncall_now_is_what_the_rota_says(kit: Path) -> None:
    """In the shape that scripts read."""
    with (kit / "relight.yaml").open("a") as file:
        file.write(
            "oncall:\n  - name: primary\n    zone: Europe/Amsterdam\n"
            "    rotation: {every: 1w, from: 2026-01-05T09:00, people: [sam]}\n"
        )
    now = told(run("oncall", "now", kit, "--at", "2026-03-30T07:00:00Z", "--json"))
    assert now == {
        "at": "2026-03-30T07:00:00Z",
        "schedules": [
            {
                "name": "primary",
                "on_call": ["sam"],
                "until": "2026-04-06T07:00:00Z",
                "next": ["sam"],
            }
        ],
    }


def test_a_token_is_shown_once_and_can_be_revoked(kit: Path) -> None:
    """Only its digest is kept, so the list cannot show it."""
    made = told(run("token", "new", "ci", kit, "--role", "viewer", "--json"))
    listed = run("token", "list", kit)
    assert "ci" in listed.output
    assert str(made["token"]) not in listed.output
    assert run("token", "revoke", "ci", kit).exit_code == 0
    assert "There are no tokens." in run("token", "list", kit).output


def test_a_sign_in_link_is_for_someone_who_exists(kit: Path) -> None:
    """An account is a person of the kit."""
    assert "/sign-in?link=" in run("sign-in", "sam", kit).output
    assert run("sign-in", "nobody", kit).exit_code == NO


def test_a_silence_is_made_listed_and_ended(kit: Path) -> None:
    """What is made at the shell holds until it is ended."""
    made = told(run("silence", "new", "--service", "api", "--for", "2h", "--json", kit))
    assert made["services"] == ["api"]
    listed = run("silence", "list", kit)
    assert f"by {made['name']}." in listed.output
    assert "service api" in listed.output
    told(run("silence", "end", str(made["name"]), "--json", kit))
    assert "Nothing is silenced." in run("silence", "list", kit).output
