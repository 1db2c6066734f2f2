"""Whatever is sent, the API answers as its document says, and never with a fault of ours."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, cast

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from relight.catalog.person import Role
from relight.kernel.actor import person
from tests.web.given import house_at, served, with_token

EXAMPLES = 8
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Tried(Protocol):
    """One request that schemathesis made up."""

    method: str
    path: str
    path_parameters: dict[str, object] | None
    body: object

    def call_and_validate(self, *, headers: dict[str, str], checks: list[Any]) -> object: ...


class Operation(Protocol):
    """One operation of the document."""

    def as_strategy(self, generation_mode: GenerationMode) -> st.SearchStrategy[Tried]: ...


def operations(base: str) -> list[Operation]:
    schema: Any = schemathesis.openapi.from_url(f"{base}/api/openapi.json")
    return [each.ok() for each in cast("Iterable[Any]", schema.get_all_operations())]


def checks() -> list[Any]:
    every = importlib.import_module("schemathesis.specs.openapi.checks")
    general = importlib.import_module("schemathesis.checks")
    return [
        general.not_a_server_error,
        every.status_code_conformance,
        every.content_type_conformance,
        every.response_schema_conformance,
    ]


def test_no_route_answers_with_a_fault(tmp_path: Path):
    house = house_at(tmp_path / "kit")
    for _ in range(3):
        house.desk.declare("checkout fails", by=person("sam"), services=["api"])
    headers = with_token(house, Role.ADMIN, "schemathesis")
    with served(house) as (base, _, _):
        found = operations(base)
        assert len(found) > 20
        for operation in found:
            attempt(operation, headers)
    house.close()


def attempt(operation: Operation, headers: dict[str, str]) -> None:
    """Try one operation with a fixed seed, half of the time with what it must refuse."""

    @seed(20260502)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(st.one_of([operation.as_strategy(mode) for mode in MODES]))
    def check(case: Tried) -> None:
        if case.path_parameters and "ref" in case.path_parameters:
            # Made-up references lead nowhere; half of these are to be found.
            case.path_parameters["ref"] = str(1 + len(str(case.body)) % 6)
        case.call_and_validate(headers=headers, checks=checks())

    check()
