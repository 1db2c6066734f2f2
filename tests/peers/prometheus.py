"""A real Prometheus on loopback that scrapes itself."""

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
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
        while not _ready(port):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port)
    with closing(connection):
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
