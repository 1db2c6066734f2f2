import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.rehearse.scenario import Failure, Stage, Stages, report

WHOLE = Stages(
    first_failed_probe_s=0.4,
    declared_s=2.5,
    paged_s=2.9,
    status_page_s=2.7,
    acknowledged_s=3.5,
    updated_s=4.0,
    recovered_s=6.5,
    resolved_s=11.8,
    incident="INC-1",
    postmortem="/kit/postmortems/2026-01-05-widget-is-down.md",
    verdict="edge",
)


def test_a_whole_outage_counts() -> None:
    found = report(WHOLE)
    assert found.failure is None
    assert found.exit_code == 0


def test_the_answer_is_one_flat_object() -> None:
    answer = report(WHOLE).answer()
    assert answer["declared_s"] == 2.5
    assert answer["verdict"] == "edge"
    assert (answer["verified"], answer["failed"], answer["why"]) == (True, None, None)
    assert msgspec.json.decode(msgspec.json.encode(answer)) == answer


@pytest.mark.parametrize("field", Stages.__struct_fields__)
def test_whatever_is_missing_is_named(field: str) -> None:
    found = report(msgspec.structs.replace(WHOLE, **{field: None}))
    assert found.exit_code == 1
    assert found.failure is not None
    assert found.failure.why


@pytest.mark.parametrize("stage", Stage)
def test_a_failure_met_on_the_way_stands(stage: Stage) -> None:
    found = report(WHOLE, Failure(stage=stage, why="No mail came."))
    assert found.exit_code == 1
    assert found.answer()["failed"] == stage.value
    assert found.answer()["why"] == "No mail came."


def test_a_failure_before_the_fault_is_one_too() -> None:
    found = report(Stages(), Failure(stage=None, why="Relight was not ready."))
    assert found.exit_code == 1
    assert found.answer()["failed"] == "start"


def test_a_path_that_depends_on_where_one_stands_does_not_count() -> None:
    found = report(msgspec.structs.replace(WHOLE, postmortem="postmortems/x.md"))
    assert found.failure == Failure(stage=Stage.POSTMORTEM, why="Its path is not absolute.")


@given(
    st.sampled_from(
        [
            ("first_failed_probe_s", "declared_s"),
            ("declared_s", "paged_s"),
            ("declared_s", "status_page_s"),
            ("paged_s", "acknowledged_s"),
            ("recovered_s", "resolved_s"),
        ]
    ),
    st.floats(0.01, 100),
)
def test_an_order_that_cannot_be_does_not_count(pair: tuple[str, str], ahead_s: float) -> None:
    earlier, later = pair
    too_soon = getattr(WHOLE, earlier) - ahead_s
    assert report(msgspec.structs.replace(WHOLE, **{later: too_soon})).exit_code == 1


def test_a_probe_that_failed_before_the_fault_does_not_count() -> None:
    assert report(msgspec.structs.replace(WHOLE, first_failed_probe_s=-0.5)).exit_code == 1


@pytest.mark.parametrize("stage", Stage)
def test_each_stage_has_words(stage: Stage) -> None:
    assert stage.label
    assert stage.witness
    assert WHOLE.seen(stage)
    assert not Stages().seen(stage)
