"""What `relight up` costs while nothing happens: ten checks a minute, beside a bare uvicorn."""

from __future__ import annotations

import time

import psutil

from bench.house import Origin, bare, cpu_s, free_port, kit, memory_mb, serving, up
from bench.measure import Figure, Section, in_turn

SETTLE_S = 10.0
WATCHED_S = 60.0
READY_ROUNDS = 5


def run() -> Section:
    origin = Origin()
    checks = "".join(f"      - http: {{name: c{n}, url: '{origin.url}/{n}'}}\n" for n in range(10))
    written = (
        f"name: Bench\npeople:\n  - name: rebecca\nservices:\n  - name: api\n    checks:\n{checks}"
    )

    def ready() -> float:
        port = free_port()
        with kit(written) as folder, serving(up(folder, port), port, "/ready") as (_, took_s):
            return took_s

    def bare_ready() -> float:
        port = free_port()
        with serving(bare(port), port, "/") as (_, took_s):
            return took_s

    try:
        ready_s, bare_ready_s = in_turn(ready, bare_ready, rounds=READY_ROUNDS)
        port = free_port()
        with kit(written) as folder, serving(up(folder, port), port, "/ready") as (process, _):
            share, memory = _watch(process)
        port = free_port()
        with serving(bare(port), port, "/") as (process, _):
            bare_share, bare_memory = _watch(process)
    finally:
        origin.close()
    name = "bare uvicorn"
    return Section(
        title="Standing by",
        how=f"`relight up` with 10 http checks, each every 60 s, on SQLite; after {SETTLE_S:.0f} s "
        f"its CPU over {WATCHED_S:.0f} s from /proc. Ready is the first 200 from `/ready` on an "
        f"empty data folder, {READY_ROUNDS} times. The peer answers and does nothing else.",
        figures=[
            Figure(
                what="ready after",
                unit="s",
                ours=ready_s,
                peer=bare_ready_s,
                peer_name=name,
                target=3,
                better="less",
            ),
            Figure(
                what="CPU while idle",
                unit="% of a core",
                ours=share * 100,
                peer=bare_share * 100,
                peer_name=name,
                target=1,
                better="less",
            ),
            Figure(
                what="memory while idle",
                unit="MB",
                ours=memory,
                peer=bare_memory,
                peer_name=name,
                target=120,
                better="less",
            ),
        ],
    )


def _watch(process: psutil.Process) -> tuple[float, float]:
    time.sleep(SETTLE_S)
    before, begun = cpu_s(process), time.monotonic()
    time.sleep(WATCHED_S)
    share = (cpu_s(process) - before) / (time.monotonic() - begun)
    return share, memory_mb(process)
