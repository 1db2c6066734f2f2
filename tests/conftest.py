"""What every test can count on: no way out of this machine, and honest words about missing peers."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import cast

import hypothesis
import pytest

# No test asserts a wall time, so neither does Hypothesis.
hypothesis.settings.register_profile("relight", deadline=None)
hypothesis.settings.load_profile("relight")


def require_peer(name: str, found: bool) -> None:
    """Skip the test when a peer program is missing; fail where CI promises to have them all."""
    if found:
        return
    reason = f"{name} is not on this machine"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and where CI is set every peer must be there", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", name="require_peer")
def _require_peer() -> Callable[[str, bool], None]:
    return require_peer


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("peer"):
        (name,) = mark.args
        require_peer(name, shutil.which(str(name)) is not None)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for the whole run, shared by the processes that share the tests."""
    from tests.peers.postgres import server

    root = tmp_path_factory.getbasetemp()
    if root.name.startswith("popen-"):
        root = root.parent
    with server(root / "postgres") as address:
        yield address


def _stays_here(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.endswith(".localhost")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


def _refuse(what: str) -> None:
    # Not an OSError: code that takes a network error for an answer must not take this for one.
    pytest.fail(f"a test tried to leave this machine: {what}", pytrace=True)


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Refuse sockets to anything but this machine.

    This sees what goes through Python's own sockets. Clients with sockets of their own (libpq,
    pyreqwest, uvloop) are given only loopback addresses by the tests that use them.
    """
    lookup = cast("Callable[..., object]", socket.getaddrinfo)

    def guarded(verb: str, position: int) -> Callable[..., object]:
        real: Callable[..., object] = getattr(socket.socket, verb)

        def call(self: socket.socket, *args: object) -> object:
            address = args[position]
            if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
                host: object = cast("tuple[object, ...]", address)[0]
                if not _stays_here(host):
                    _refuse(f"{verb} {host}")
            return real(self, *args)

        return call

    def getaddrinfo(host: object, *args: object, **kwargs: object) -> object:
        if isinstance(host, str) and host.rstrip(".").endswith(".invalid"):
            # What any resolver must answer (RFC 6761), without asking one.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _stays_here(host) and not _is_address(host):
            _refuse(f"look up {host!r}")
        return lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded("connect", 0))
        patch.setattr(socket.socket, "connect_ex", guarded("connect_ex", 0))
        patch.setattr(socket.socket, "sendto", guarded("sendto", -1))
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True
