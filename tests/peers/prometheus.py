"""A real Prometheus on loopback that scrapes itself."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import free_port, running


@contextmanager
def prometheus(folder: Path) -> Generator[str]:
    """Run it and give its address."""
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: self\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    )
    argv = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(argv, port=port, folder=folder):
        yield f"http://127.0.0.1:{port}"
