from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from relight.communicate.publishers import PUBLISHERS
from relight.config.kinds import Kinds
from relight.config.read import Reading, read_kit
from relight.detect.intake import INTAKE
from relight.detect.probes import PROBES
from relight.detect.vendors import FEEDS
from relight.notify.channels import CHANNELS

Read = Callable[..., Reading]


@pytest.fixture(scope="session")
def kinds() -> Kinds:
    return Kinds(
        probes=PROBES, channels=CHANNELS, publishers=PUBLISHERS, intake=INTAKE, feeds=FEEDS
    )


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory, kinds: Kinds) -> Read:
    """Write what is given as a kit of its own, and read it."""
    root = tmp_path_factory.mktemp("kits")
    numbers = count()

    def of(
        text: str | bytes, environment: Mapping[str, str] | None = None, kinds: Kinds = kinds
    ) -> Reading:
        folder: Path = root / str(next(numbers))
        folder.mkdir()
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (folder / "relight.yaml").write_bytes(raw)
        return read_kit(folder, kinds, environment or {})

    return of
