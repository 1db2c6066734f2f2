"""What each severity means and asks for, as data. Defaults from articles 000, 001 and 004."""

from collections.abc import Mapping

import msgspec

from relight.kernel.severity import Severity

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


class SeverityRule(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the matrix. All lengths in seconds; None means the step does not ask for it."""

    severity: Severity
    meaning: str
    pages: bool
    acknowledge_s: int | None
    repage_s: int | None
    public_notice_s: int | None
    internal_update_s: int | None
    public_update_s: int | None
    customer_mail_s: int | None
    postmortem_s: int | None
    stability_s: int
    users_ratio: float | None = None
    paying_customers: int | None = None


class SeverityMatrix(msgspec.Struct, frozen=True):
    """The four rules, worst first."""

    rules: Mapping[Severity, SeverityRule]

    def rule(self, severity: Severity) -> SeverityRule:
        """Give the row of a severity."""
        return self.rules[severity]


DEFAULT = SeverityMatrix(
    {
        Severity.S1: SeverityRule(
            severity=Severity.S1,
            meaning="More than 30 % of users, more than 10 paying customers, or data at risk.",
            pages=True,
            acknowledge_s=15 * MINUTE_S,
            repage_s=5 * MINUTE_S,
            public_notice_s=10 * MINUTE_S,
            internal_update_s=15 * MINUTE_S,
            public_update_s=30 * MINUTE_S,
            customer_mail_s=30 * MINUTE_S,
            postmortem_s=72 * HOUR_S,
            stability_s=60 * MINUTE_S,
            users_ratio=0.30,
            paying_customers=10,
        ),
        Severity.S2: SeverityRule(
            severity=Severity.S2,
            meaning="10 to 30 % of users, or the core is degraded.",
            pages=True,
            acknowledge_s=60 * MINUTE_S,
            repage_s=15 * MINUTE_S,
            public_notice_s=30 * MINUTE_S,
            internal_update_s=30 * MINUTE_S,
            public_update_s=60 * MINUTE_S,
            customer_mail_s=None,
            postmortem_s=7 * DAY_S,
            stability_s=30 * MINUTE_S,
            users_ratio=0.10,
        ),
        Severity.S3: SeverityRule(
            severity=Severity.S3,
            meaning="One region, or something that is not the core.",
            pages=False,
            acknowledge_s=None,
            repage_s=None,
            public_notice_s=None,
            internal_update_s=None,
            public_update_s=None,
            customer_mail_s=None,
            postmortem_s=None,
            stability_s=15 * MINUTE_S,
        ),
        Severity.S4: SeverityRule(
            severity=Severity.S4,
            meaning="Cosmetic, or a log line only.",
            pages=False,
            acknowledge_s=None,
            repage_s=None,
            public_notice_s=None,
            internal_update_s=None,
            public_update_s=None,
            customer_mail_s=None,
            postmortem_s=None,
            stability_s=0,
        ),
    }
)
