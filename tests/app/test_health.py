"""What an app imports from Relight: in the app's own servers, and alone."""

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from litestar import Litestar, asgi
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send

from relight.app import Breaker, Health, Open


class Now:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def failing() -> None:
    raise ConnectionError("no route")


def ready(health: Health) -> tuple[int, dict[str, dict[str, object]]]:
    status, body = health.answer("/ready")
    return status, json.loads(body)["checks"]


def test_it_is_ready_when_every_check_is_well() -> None:
    status, checks = ready(Health({"database": lambda: None, "queue": lambda: True}))
    assert status == 200
    assert [each["ok"] for each in checks.values()] == [True, True]


def test_what_fails_is_named_with_its_reason() -> None:
    status, checks = ready(Health({"database": failing, "queue": lambda: False, "disk": int}))
    assert status == 503
    assert checks["database"]["reason"] == "ConnectionError: no route"
    assert checks["queue"]["reason"] == "It says no."
    assert checks["disk"]["ok"]


def test_a_check_that_hangs_is_told_and_not_piled_up() -> None:
    free = threading.Event()
    begun: list[int] = []

    def hangs() -> None:
        begun.append(1)
        free.wait(30)

    health = Health({"database": hangs, "disk": lambda: None}, timeout_s=0.05)
    for _ in range(3):
        status, checks = ready(health)
        assert status == 503
        assert checks["database"]["reason"] == "No answer within 0.05 s."
        assert checks["disk"]["ok"]
    assert begun == [1]
    free.set()


def test_an_answer_counts_for_a_while() -> None:
    now, asked = Now(), list[int]()
    health = Health({"database": lambda: asked.append(1)}, cache_s=5, now_s=now)
    ready(health)
    ready(health)
    assert len(asked) == 1
    now.at_s += 6
    ready(health)
    assert len(asked) == 2


def test_health_asks_nothing_and_other_paths_are_not_there() -> None:
    health = Health({"database": failing})
    assert health.answer("/ops/health/") == (200, b'{"status": "up"}')
    assert health.answer("/other")[0] == 404


def test_it_is_mounted_in_an_asgi_app_and_runs_its_coroutines_there() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def pool_answers() -> None:
        loops.append(asyncio.get_running_loop())

    health = Health({"pool": pool_answers})

    @asgi("/ops", is_mount=True, copy_scope=True)
    async def ops(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await health.asgi(dict(scope), receive, send)  # pyright: ignore[reportArgumentType]

    with TestClient(Litestar([ops])) as client:
        answer = client.get("/ops/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["pool"]["ok"]
    assert loops[0] is loops[1]


def test_a_coroutine_works_without_a_loop_too() -> None:
    async def well() -> bool:
        await asyncio.sleep(0)
        return True

    assert ready(Health({"pool": well}))[0] == 200


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def test_it_is_a_wsgi_app() -> None:
    health = Health({"database": failing})
    with make_server("127.0.0.1", 0, health.wsgi, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.server_port
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                assert json.load(answer) == {"status": "up"}
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready")
            with caught.value as refused:
                assert refused.code == 503
                assert json.load(refused)["ready"] is False
        finally:
            server.shutdown()
            thread.join()


def test_importing_it_brings_nothing_else_of_relight_and_no_library() -> None:
    script = (
        "import sys; before = set(sys.modules); import relight.app; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "own = sorted(name for name in sys.modules if name.startswith('relight')); "
        "print(sorted(new - set(sys.stdlib_module_names)), own)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['relight'] ['relight', 'relight.app']"


def guarded(breaker: Breaker, work: Callable[[], object]) -> str:
    try:
        return str(breaker.call(work))
    except Open:
        return "open"
    except ConnectionError:
        return "failed"


def test_a_breaker_opens_refuses_tries_once_and_closes() -> None:
    now = Now()
    breaker = Breaker(failures=3, again_s=30, now_s=now)
    assert [guarded(breaker, failing) for _ in range(4)] == ["failed"] * 3 + ["open"]
    assert breaker.state == "open"
    now.at_s += 30
    assert breaker.state == "half-open"
    assert guarded(breaker, failing) == "failed"
    assert guarded(breaker, lambda: 1) == "open"
    now.at_s += 30
    assert guarded(breaker, lambda: 1) == "1"
    assert breaker.state == "closed"
    assert [guarded(breaker, failing) for _ in range(2)] == ["failed"] * 2
    assert guarded(breaker, lambda: 2) == "2"
    assert breaker.state == "closed"


def test_half_open_lets_one_through_at_a_time() -> None:
    now = Now()
    breaker = Breaker(failures=1, again_s=1, now_s=now)
    guarded(breaker, failing)
    now.at_s += 1
    within: list[str] = []
    breaker.call(lambda: within.append(guarded(breaker, lambda: 1)))
    assert within == ["open"]
    assert breaker.state == "closed"


async def test_a_breaker_guards_coroutines() -> None:
    breaker = Breaker(failures=1, now_s=time.monotonic)

    async def fails() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await breaker.acall(fails)
    with pytest.raises(Open):
        await breaker.acall(fails)
