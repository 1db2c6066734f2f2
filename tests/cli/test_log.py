"""What goes to the log: events with their data and tracebacks, and no secret in either."""

from collections.abc import Iterator

import pytest
import structlog

from relight.cli.up import log_plainly
from relight.kernel.secret import MASK, Masker, Secret


@pytest.fixture(autouse=True)
def plain_again() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_no_secret_gets_into_the_log_by_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    log_plainly(Masker([Secret("s3cret")]))
    log = structlog.get_logger()
    try:
        raise ValueError("https://hooks.example.org/s3cret")
    except ValueError:
        log.exception("worker.handler_failed", key="s3cret", attempt=1)
    said = capsys.readouterr().err
    assert "worker.handler_failed" in said
    assert "ValueError" in said
    assert MASK in said
    assert "attempt=1" in said
    assert "s3cret" not in said
