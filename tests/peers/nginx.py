"""A real nginx on loopback, with the servers that a test writes."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import running

_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{servers}
}}
"""


@contextmanager
def nginx(folder: Path, servers: str, *, port: int) -> Generator[None]:
    """Run one with these `server` blocks; it is there once `port` takes connections."""
    file = folder / "nginx.conf"
    file.write_text(_CONFIGURATION.format(folder=folder, servers=servers))
    with running(["nginx", "-p", folder, "-c", file, "-e", os.devnull], port=port, folder=folder):
        yield
