"""The peer of the checks: Debian's Prometheus with its blackbox exporter, on the same targets."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import psutil

from bench.house import cpu_s, free_port, serving
from bench.measure import NotMeasured
from bench.targets import NAME as HOST
from bench.targets import Targets, core

NAME = "Prometheus + blackbox"
_TARGETS, _EVERY_S, _SETTLE_S, _WATCHED_S = 1000, 5, 12.0, 30.0


def blackbox(at: Targets, *, secure: bool) -> float:
    """Give the CPU seconds that the peer's two processes use for 1000 checks."""
    prometheus = shutil.which("prometheus")
    exporter = shutil.which("prometheus-blackbox-exporter")
    if prometheus is None or exporter is None:
        raise NotMeasured("apt install prometheus prometheus-blackbox-exporter")
    folder, ports = Path(tempfile.mkdtemp(prefix="bench-")), (free_port(), free_port())
    try:
        commands = _commands(folder, ports, at, prometheus, exporter, secure=secure)
        with (
            serving([*core(0), *commands[0]], ports[0], "/-/healthy") as (first, _),
            serving([*core(0), *commands[1]], ports[1], "/-/ready") as (second, _),
        ):
            time.sleep(_SETTLE_S)
            before, begun = _used(first, second), time.time()
            time.sleep(_WATCHED_S)
            used, ended = _used(first, second) - before, time.time()
    finally:
        shutil.rmtree(folder)
    count = sum(map(len, at.seen(begun, ended).values()))
    if count < _TARGETS:
        raise NotMeasured(f"the peer made {count} checks of {_TARGETS} targets")
    return used / count * 1000


def _used(*processes: psutil.Process) -> float:
    return sum(map(cpu_s, processes))


def _commands(
    folder: Path,
    ports: tuple[int, int],
    at: Targets,
    prometheus: str,
    exporter: str,
    *,
    secure: bool,
) -> tuple[list[str], list[str]]:
    port = at.tls if secure else at.plain
    tls = f"tls_config: {{ca_file: {at.folder}/roots.pem, server_name: {HOST}}}" if secure else ""
    module = folder / "blackbox.yml"
    module.write_text(
        "modules:\n  http:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n"
        f"      fail_if_body_not_matches_regexp: [well]\n      {tls}\n",
        encoding="utf-8",
    )
    scheme = "https" if secure else "http"
    urls = ", ".join(f'"{scheme}://127.0.0.1:{port}/{n}"' for n in range(_TARGETS))
    scrape = folder / "prometheus.yml"
    scrape.write_text(
        f"scrape_configs:\n  - job_name: checks\n    scrape_interval: {_EVERY_S}s\n"
        "    metrics_path: /probe\n    params: {module: [http]}\n"
        f"    static_configs: [{{targets: [{urls}]}}]\n    relabel_configs:\n"
        "      - {source_labels: [__address__], target_label: __param_target}\n"
        "      - {source_labels: [__param_target], target_label: instance}\n"
        f"      - {{target_label: __address__, replacement: 127.0.0.1:{ports[0]}}}\n",
        encoding="utf-8",
    )
    loop = "--web.listen-address=127.0.0.1:"
    return (
        [exporter, f"--config.file={module}", f"{loop}{ports[0]}"],
        [
            prometheus,
            f"--config.file={scrape}",
            f"{loop}{ports[1]}",
            f"--storage.tsdb.path={folder}/data",
        ],
    )
