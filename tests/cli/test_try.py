"""`relight try probe`: one look, in words and as JSON, with the exit code that says what it found."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from relight.cli import cli
from relight.cli.bars import bars
from relight.detect.probes import PROBES
from relight.kernel.ports import Phases

KIT = """\
name: Where2Eat
people: [{{name: sam, contacts: [{{email: sam@example.org}}]}}]
services:
  - name: where2eat
    checks:
      - tcp: {{name: through, address: "127.0.0.1:{port}", timeout: 2s}}
"""


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    """Something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["try", "probe", *(str(each) for each in arguments)])


def test_a_good_target_is_0_and_says_where_the_time_went(port: int) -> None:
    answer = run("tcp", f"127.0.0.1:{port}")
    assert answer.exit_code == 0
    first, _, *rows = answer.stdout.splitlines()
    assert first == "Good: took the connection."
    assert [row.split()[0] for row in rows if row] == ["connect", "total", "address"]


def test_a_bad_target_is_1(port: int) -> None:
    answer = run("tcp", f"127.0.0.1:{port}", "--set", "expect=hello", "--set", "timeout=1s")
    assert answer.exit_code == 1
    assert answer.stdout.startswith("Bad: 127.0.0.1 said nothing within 1 s.\n")


def test_what_cannot_be_found_out_is_3() -> None:
    answer = run("tcp", "169.254.169.254:80", "--json")
    assert answer.exit_code == 3
    told = json.loads(answer.stdout)
    assert told["ok"] is None
    assert "cloud credentials" in told["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tpc", "x:1"), "Did you mean `tcp`?"),
        (("tcp",), "`address` is missing from `tcp`."),
        (("tcp", "x"), "`x` is not an address."),
        (("tcp", "x:1", "--set", "expct=a"), "Did you mean `expect`?"),
        (("tcp", "x:1", "--set", "expect"), "Write --set KEY=VALUE"),
        (("tcp", "x:1", "--set", "timeout=soon"), "`soon` is not a duration"),
        (("tcp", "x:1", "--set", "expect=[a"), "`expect`: "),
        (("smtp", "x:465", "--set", "user=a", "--set", "password=plain"), "env:NAME"),
        (("smtp", "x:465", "--set", "user=a", "--set", "password=env:RELIGHT_NOT_SET"), "not set"),
    ],
)
def test_used_wrongly_is_2_with_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    answer = run(*arguments)
    assert answer.exit_code == 2, answer.output
    assert words in answer.output
    assert "Traceback" not in answer.output


def test_a_check_of_the_kit_is_looked_at(tmp_path: Path, port: int) -> None:
    (tmp_path / "relight.yaml").write_text(KIT.format(port=port))
    good = run("where2eat/through", "--kit", tmp_path, "--json")
    told = json.loads(good.stdout)
    assert (good.exit_code, told["ok"], told["evidence"]) == (0, True, {"address": "127.0.0.1"})
    assert told["phases"]["connect"] > 0
    near = run("where2eat/trough", "--kit", tmp_path)
    assert near.exit_code == 2
    assert "Did you mean `where2eat/through`?" in near.output
    assert not (tmp_path / ".relight").exists()


def test_a_check_needs_a_kit(tmp_path: Path) -> None:
    answer = run("where2eat/through", "--kit", tmp_path)
    assert answer.exit_code == 2
    assert "There is no relight.yaml" in answer.output


def test_a_secret_never_shows(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELIGHT_TRY_ROOTS", "hunter2-not-a-certificate")
    answer = run("tls", f"127.0.0.1:{port}", "--set", "roots=env:RELIGHT_TRY_ROOTS")
    assert answer.exit_code == 3
    assert answer.stdout == "Not found out: The authorities to trust are not certificates in PEM.\n"


@pytest.mark.parametrize("kind", PROBES.kinds())
def test_the_help_of_every_kind_is_its_manual_with_an_example(kind: str) -> None:
    answer = run(kind, "--help")
    assert answer.exit_code == 0
    assert f"Example:\n  relight try probe {kind}" in answer.output


@given(st.tuples(*[st.none() | st.floats(0, 1e4)] * 4), st.floats(0, 1e4))
def test_bars_stay_within_their_width(
    taken: tuple[float | None, float | None, float | None, float | None], total: float
) -> None:
    resolve, connect, tls, first_byte = taken
    phases = Phases(resolve=resolve, connect=connect, tls=tls, first_byte=first_byte, total=total)
    lines = bars(phases)
    assert len(lines) == 1 + sum(each is not None for each in taken)
    assert all("#" in line and len(line.split(" ms  ")[1]) <= 40 for line in lines)
