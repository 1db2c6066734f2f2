"""Changes to the severity table: single fields of single severities."""

import msgspec

from relight.catalog.severity_matrix import DEFAULT, SeverityMatrix, SeverityRule
from relight.config import forms
from relight.config.notes import Notes
from relight.config.section import Found, Key, Section, made_of, written
from relight.kernel.severity import Severity

_OPTIONAL_S = {
    "acknowledge": "How long a page may wait for an acknowledgement.",
    "repage": "How often to page again until then.",
    "public_notice": "When the first public notice is due.",
    "internal_update": "How often the team hears news.",
    "public_update": "How often the public hears news.",
    "customer_mail": "When affected customers get mail.",
    "postmortem": "When the postmortem is due after the end.",
}


def _by_severity(field: str) -> str:
    values = (getattr(DEFAULT.rule(severity), field) for severity in Severity)
    return " / ".join("never" if value is None else written(field, value) for value in values)


SEVERITY = Section(
    path="severities.SEVERITY",
    noun="a severity",
    meaning="What a severity asks for; what is not written keeps its default (S1 / S2 / S3 / S4).",
    shape=SeverityRule,
    later=frozenset({"users", "customers", "page", "teams"}),
    keys=(
        Key(
            name="pages",
            form=forms.FLAG,
            meaning="Whether people are paged.",
            default=_by_severity("pages"),
        ),
        *(
            Key(
                name=name,
                field=f"{name}_s",
                form=forms.DURATION_OR_NEVER,
                meaning=meaning,
                default=_by_severity(f"{name}_s"),
            )
            for name, meaning in _OPTIONAL_S.items()
        ),
        Key(
            name="stability",
            field="stability_s",
            form=forms.duration(least_s=0),
            meaning="How long all checks stay green before an incident can be resolved.",
            default=_by_severity("stability_s"),
        ),
    ),
)

SEVERITIES = Section(
    path="severities",
    noun="severities",
    meaning="Changes to single fields of the severity table.",
    keys=tuple(
        Key(
            name=severity.value,
            form=made_of(SEVERITY, lambda found, _notes: found.values),
            meaning=DEFAULT.rule(severity).meaning,
        )
        for severity in Severity
    ),
)


def _matrix(found: Found, notes: Notes) -> SeverityMatrix:
    del notes
    changes = {Severity(name): fields for name, fields in found.values.items()}
    return SeverityMatrix(
        {
            severity: msgspec.structs.replace(rule, **changes.get(severity, {}))
            for severity, rule in DEFAULT.rules.items()
        }
    )


SEVERITIES_FORM = made_of(SEVERITIES, _matrix)
