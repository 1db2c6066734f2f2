"""The outage that the demo stages: its stages, what was measured, and whether it counts."""

from enum import StrEnum
from itertools import pairwise
from pathlib import PurePath

import msgspec


class Stage(StrEnum):
    """One thing that must be seen to happen, in the order of the outage."""

    DETECT = "detect"
    DECLARE = "declare"
    PAGE = "page"
    PUBLISH = "publish"
    ACKNOWLEDGE = "acknowledge"
    UPDATE = "update"
    RECOVER = "recover"
    RESOLVE = "resolve"
    POSTMORTEM = "postmortem"

    @property
    def label(self) -> str:
        """Name it for people, in the past tense."""
        return _LABELS[self]

    @property
    def witness(self) -> str:
        """Say what shows from outside that it happened."""
        return _WITNESSES[self]


_LABELS = {
    Stage.DETECT: "First failed probe",
    Stage.DECLARE: "Declared",
    Stage.PAGE: "Paged",
    Stage.PUBLISH: "On the status page",
    Stage.ACKNOWLEDGE: "Acknowledged",
    Stage.UPDATE: "Public update",
    Stage.RECOVER: "Recovered",
    Stage.RESOLVE: "Resolved",
    Stage.POSTMORTEM: "Postmortem drafted",
}
_WITNESSES = {
    Stage.DETECT: "incident's beginning, read over the API",
    Stage.DECLARE: "timeline, read over the API",
    Stage.PAGE: "mail over SMTP, and a signed webhook",
    Stage.PUBLISH: "public page, its API, the static copy",
    Stage.ACKNOWLEDGE: "link opened, form posted, timeline read",
    Stage.UPDATE: "public page read back",
    Stage.RECOVER: "component operational, incident monitoring",
    Stage.RESOLVE: "public page and its API read back",
    Stage.POSTMORTEM: "file on disk, read",
}
# The order in which these must have happened; paging and publishing run side by side.
_ORDERS = (
    (Stage.DETECT, Stage.DECLARE, Stage.PAGE, Stage.ACKNOWLEDGE, Stage.RECOVER, Stage.RESOLVE),
    (Stage.DECLARE, Stage.PUBLISH, Stage.UPDATE, Stage.RESOLVE),
)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The stage that was not seen, and why, in a sentence; None is before the fault."""

    stage: Stage | None
    why: str


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. Times are seconds since the fault; None was not seen.

    `postmortem` is an absolute path, `verdict` the failing domain, `incident` its name for people.
    """

    first_failed_probe_s: float | None = None
    declared_s: float | None = None
    paged_s: float | None = None
    status_page_s: float | None = None
    acknowledged_s: float | None = None
    updated_s: float | None = None
    recovered_s: float | None = None
    resolved_s: float | None = None
    incident: str | None = None
    postmortem: str | None = None
    verdict: str | None = None

    def after_s(self, stage: Stage) -> float | None:
        """Give when a stage was seen; the postmortem has a path instead of a time."""
        return {
            Stage.DETECT: self.first_failed_probe_s,
            Stage.DECLARE: self.declared_s,
            Stage.PAGE: self.paged_s,
            Stage.PUBLISH: self.status_page_s,
            Stage.ACKNOWLEDGE: self.acknowledged_s,
            Stage.UPDATE: self.updated_s,
            Stage.RECOVER: self.recovered_s,
            Stage.RESOLVE: self.resolved_s,
        }.get(stage)

    def seen(self, stage: Stage) -> bool:
        """Whether a stage was seen."""
        if stage is Stage.POSTMORTEM:
            return self.postmortem is not None
        return self.after_s(stage) is not None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the rehearsal went; `failure` is None where every stage was verified from outside."""

    stages: Stages
    failure: Failure | None

    @property
    def exit_code(self) -> int:
        """Answer as a command does: 0 is yes, 1 is no."""
        return 1 if self.failure else 0

    def answer(self) -> dict[str, float | str | bool | None]:
        """Give it as one flat JSON object; what failed is named, or null."""
        return {
            **msgspec.structs.asdict(self.stages),
            "verified": self.failure is None,
            "failed": _named(self.failure) if self.failure else None,
            "why": self.failure.why if self.failure else None,
        }


def report(stages: Stages, failure: Failure | None = None) -> Report:
    """Judge a rehearsal: a failure met on the way stands; nothing may be missing or in disorder."""
    return Report(stages=stages, failure=failure or _missing(stages) or _disorder(stages))


def _named(failure: Failure) -> str:
    return failure.stage.value if failure.stage else "start"


def _missing(stages: Stages) -> Failure | None:
    for stage in Stage:
        if not stages.seen(stage):
            return Failure(stage=stage, why="It was not seen.")
    if not stages.incident:
        return Failure(stage=Stage.DECLARE, why="The incident has no name.")
    if not stages.verdict:
        return Failure(stage=Stage.DECLARE, why="No verdict was reached.")
    if not PurePath(stages.postmortem or "").is_absolute():
        return Failure(stage=Stage.POSTMORTEM, why="Its path is not absolute.")
    return None


def _disorder(stages: Stages) -> Failure | None:
    for order in _ORDERS:
        for earlier, later in pairwise(order):
            earlier_s, later_s = stages.after_s(earlier) or 0.0, stages.after_s(later) or 0.0
            if earlier_s < 0 or later_s < earlier_s:
                why = (
                    f"It was seen after {later_s:.2f} s, "
                    f"{earlier.label.lower()} only after {earlier_s:.2f} s."
                )
                return Failure(stage=later, why=why)
    return None
