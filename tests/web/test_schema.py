"""Whatever is sent, the API answers as its document says, and never with a fault of ours."""

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from relight.catalog.person import Role
from relight.kernel.actor import person
from tests.web.given import house_at, served, with_token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 300


def test_no_route_answers_with_a_fault(tmp_path: Path):
    house = house_at(tmp_path / "kit")
    for _ in range(3):
        house.desk.declare("checkout fails", by=person("sam"), services=["api"])
    headers = with_token(house, Role.ADMIN, "schemathesis")
    with served(house) as (base, _, _):
        schema = schemathesis.openapi.from_url(f"{base}/api/openapi.json")
        operations = [each.ok() for each in schema.get_all_operations()]
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        seen: set[str] = set()

        @seed(20260502)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of([o.as_strategy(generation_mode=m) for o in operations for m in modes]))
        def check(case: Case) -> None:
            if "ref" in (case.path_parameters or {}):
                # Most made-up references lead nowhere; half of them are to be found.
                case.path_parameters["ref"] = str(1 + len(str(case.body)) % 6)
            seen.add(f"{case.method} {case.path}")
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()
        assert len(seen) == len(operations), "some operations were never tried"
    house.close()
