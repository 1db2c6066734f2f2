"""A small house on SQLite, and callers of every role."""

import asyncio
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from litestar.testing import TestClient

from relight.catalog.person import Role
from relight.web.access import COOKIE, csrf_of
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.server import Server
from relight.wiring.house import House, build

KIT = """\
name: Where2Eat
people:
  - name: rebecca
    role: admin
    contacts:
      - email: rebecca@example.org
  - name: sam
    contacts:
      - webhook: {url: "https://hooks.example.org/very-secret-path", key: "env:HOOK_KEY"}
  - name: vera
    role: viewer
services:
  - name: api
    checks:
      - http://127.0.0.1:9/health
  - name: widget
"""


def house_at(folder: Path, *, kit: str = KIT, base_url: str = "http://127.0.0.1:8181") -> House:
    folder.mkdir(exist_ok=True)
    (folder / "relight.yaml").write_text(kit, encoding="utf-8")
    return build(folder, base_url=base_url)


def client_of(app: Front, *, base_url: str = "http://127.0.0.1:8181") -> TestClient[Front]:
    return TestClient(app, base_url=base_url)


def with_token(house: House, role: Role, name: str = "") -> dict[str, str]:
    name = name or f"{role}-{len(house.access.tokens())}"
    secret = house.access.new_token(name, role, house.clock.now())
    return {"authorization": f"Bearer {secret.reveal()}"}


def with_session(house: House, person: str, *, csrf: bool = True) -> dict[str, str]:
    """Give the headers of someone signed in, as a browser sends them from one of our forms."""
    role = Role.VIEWER  # what counts is the role that the kit gives now
    plain = house.access.new_session(person, role, house.clock.now(), 3600).reveal()
    headers = {"cookie": f"{COOKIE}={plain}", "sec-fetch-site": "same-origin"}
    if csrf:
        headers["x-csrf-token"] = csrf_of(house.instance.key, plain)
    return headers


@contextmanager
def served(house: House, **options: object) -> Generator[tuple[str, Server, threading.Thread]]:
    """Run the real server on a loopback socket; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(create_app(house, **options))  # pyright: ignore[reportArgumentType]

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server._serve([listener]))  # pyright: ignore[reportPrivateUsage]

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
