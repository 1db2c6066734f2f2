"""How long `relight --help` takes and how much memory it needs, beside Python doing nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.measure import Figure, NotMeasured, Section, in_turn

ROUNDS = 21
# A process counts as its own what its parent held when it began, so the parent is a small one.
_LAUNCH = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
begun = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], dict(os.environ), file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begun, usage.ru_maxrss, status)
"""
RELIGHT = Path(sys.executable).with_name("relight")


def run() -> Section:
    if not RELIGHT.exists():
        raise NotMeasured("there is no relight program beside this Python")
    ours, peer = [str(RELIGHT), "--help"], [sys.executable, "-c", "pass"]
    wall = in_turn(lambda: _spawn(ours)[0], lambda: _spawn(peer)[0], rounds=ROUNDS)
    memory = in_turn(lambda: _spawn(ours)[1], lambda: _spawn(peer)[1], rounds=3)
    return Section(
        title="Start-up",
        how=f"`relight --help` and `python -c pass` as new processes, {ROUNDS} times each; "
        "memory is the largest resident set.",
        figures=[
            Figure(
                what="`relight --help`, wall",
                unit="ms",
                ours=wall[0] * 1000,
                peer=wall[1] * 1000,
                peer_name="python -c pass",
                target=150,
                better="less",
            ),
            Figure(
                what="`relight --help`, memory",
                unit="MB",
                ours=memory[0],
                peer=memory[1],
                peer_name="python -c pass",
                target=40,
                better="less",
            ),
        ],
    )


def _spawn(command: list[str]) -> tuple[float, float]:
    """Run a program and give its seconds and its largest resident set in MB."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, *command]
    answer = subprocess.run(launcher, stdout=subprocess.PIPE, check=True).stdout
    took_s, kilobytes, status = answer.split()
    if int(status):
        raise NotMeasured(f"{' '.join(command)} failed")
    return float(took_s), int(kilobytes) / 1024
