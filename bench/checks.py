"""What a thousand checks cost, how punctual they are, and what silence does to them."""

from __future__ import annotations

import os
import time

from bench.house import cpu_s, free_port, kit, memory_mb, serving, up
from bench.measure import Figure, NotMeasured, Section
from bench.peer_blackbox import NAME as PEER
from bench.peer_blackbox import blackbox
from bench.targets import NAME, Silence, Targets, core, targets

MONITORS, EVERY_S = 1000, 5
SETTLE_S, WATCHED_S = 12.0, 30.0
SILENT_S = 40.0


def run() -> Section:
    with targets() as at:
        plain, plain_mb, lag_ms, first_s = _steady(at, f"http://127.0.0.1:{at.plain}")
        tls, tls_mb, _, _ = _steady(at, f"https://{NAME}:{at.tls}")
        peer_plain = blackbox(at, secure=False)
        peer_tls = blackbox(at, secure=True)
    skipped = _silence()
    return Section(
        title="Checks",
        how=f"`relight up` with {MONITORS} http checks every {EVERY_S} s of nginx on this machine, "
        f"each over a new connection, judged and stored on SQLite; CPU of all its processes over "
        f"{WATCHED_S:.0f} s divided by the requests that nginx took. TLS is verified against the "
        "machine's roots and one made for this. Lag is how far a request strays from its check's "
        f"rhythm. Checks a core-second follow from the same run, not from one at full load. Silent "
        "targets take the connection and never answer; one look at a time may last 10 s. The peer "
        "is Prometheus with its blackbox exporter on the same targets at the same interval.",
        figures=[
            _cost("1000 plain checks", plain, 0.35, peer_plain),
            _cost("1000 checks with TLS verified", tls, 0.75, peer_tls),
            _rate("plain checks a core-second", 1000 / plain, 3000),
            _rate("TLS checks a core-second", 1000 / tls, 1500),
            Figure(what="memory, plain", unit="MB", ours=plain_mb, target=120, better="less"),
            Figure(what="memory, TLS", unit="MB", ours=tls_mb, target=120, better="less"),
            Figure(what="start lag, p99", unit="ms", ours=lag_ms, target=50, better="less"),
            Figure(
                what="all looked at once after", unit="s", ours=first_s, target=5, better="less"
            ),
            Figure(
                what="looks skipped, all silent", unit="", ours=skipped, target=0, better="less"
            ),
        ],
    )


def _cost(what: str, ours: float, target: float, peer: float) -> Figure:
    return Figure(
        what=f"CPU of {what}",
        unit="s",
        ours=ours,
        target=target,
        peer=peer,
        peer_name=PEER,
        better="less",
    )


def _rate(what: str, ours: float, target: float) -> Figure:
    return Figure(what=what, unit="", ours=ours, target=target, better="more")


def written(url: str, count: int, every_s: int, **more: str) -> str:
    """A kit with so many checks of paths below a URL."""
    extra = "".join(f", {name}: {value}" for name, value in more.items())
    checks = "".join(
        f'      - http: {{name: c{n}, url: "{url}/{n}", connect_to: 127.0.0.1, '
        f"every: {every_s}s{extra}}}\n"
        for n in range(count)
    )
    return (
        f"name: Bench\npeople:\n  - name: rebecca\nservices:\n  - name: api\n    checks:\n{checks}"
    )


def _steady(at: Targets, url: str) -> tuple[float, float, float, float]:
    """Give the CPU of 1000 checks, the memory, the lag in ms, and when all had their first look."""
    port = free_port()
    os.environ.pop("SSL_CERT_FILE", None)  # it would go before the folder
    os.environ["SSL_CERT_DIR"] = str(at.roots)
    with (
        kit(written(url, MONITORS, EVERY_S)) as folder,
        serving([*core(0), *up(folder, port)], port, "/ready") as (process, _),
    ):
        ready = time.time()
        time.sleep(SETTLE_S)
        cpu, begun = cpu_s(process), time.time()
        time.sleep(WATCHED_S)
        ended = time.time()
        used, memory = cpu_s(process) - cpu, memory_mb(process)
    seen = at.seen(begun, ended)
    count = sum(map(len, seen.values()))
    if count < MONITORS:
        raise NotMeasured(f"{count} checks were seen, of {MONITORS} declared")
    firsts = [moments[0] for moments in at.seen(ready - 5, ended).values()]
    return used / count * 1000, memory, _lag_ms(seen), max(firsts) - min(firsts)


def _lag_ms(seen: dict[str, list[float]]) -> float:
    """Give the 99th percentile of how late requests come, by each check's own rhythm."""
    late: list[float] = []
    for moments in seen.values():
        phases = [moment - n * EVERY_S for n, moment in enumerate(moments)]
        late += [(phase - min(phases)) * 1000 for phase in phases]
    late.sort()
    return late[int(len(late) * 0.99)]


def _silence() -> float:
    """Give how many looks at silent targets were left out, of those that there was time for."""
    silence, port = Silence(), free_port()
    lengths = (5, 10, 20, 30)
    each = MONITORS // len(lengths)
    checks = "".join(
        f'      - http: {{name: c{n}x{every}, url: "http://127.0.0.1:{silence.port}/", '
        f"every: {every}s, timeout_s: 10, failures: 1000}}\n"
        for every in lengths
        for n in range(each)
    )
    relight_yaml = (
        f"name: Bench\npeople:\n  - name: rebecca\nservices:\n  - name: api\n    checks:\n{checks}"
    )
    try:
        with (
            kit(relight_yaml) as folder,
            serving([*core(0), *up(folder, port)], port, "/ready"),
        ):
            time.sleep(SETTLE_S + 20)
            begun = time.time()
            time.sleep(SILENT_S)
            looks = sum(1 for moment in silence.moments if begun <= moment < begun + SILENT_S)
    finally:
        silence.close()
    # While it fails a check is looked at every 10 s at most, and after a second where it may pass.
    wanted = MONITORS * SILENT_S / 11.5
    return max(0.0, wanted - looks)
