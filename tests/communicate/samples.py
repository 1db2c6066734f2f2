"""A small firm with its outages, for the tests of this room."""

from datetime import UTC, datetime, timedelta

from relight.catalog.catalog import Catalog, StatusPage
from relight.catalog.component import ComponentState
from relight.catalog.service import Service
from relight.catalog.severity_matrix import DEFAULT
from relight.communicate.status_page import ComponentStanding
from relight.incident.state import Incident, Update
from relight.incident.status import Audience, Status
from relight.kernel.severity import Severity

NOW = datetime(2026, 5, 2, 2, 20, tzinfo=UTC)
INSTANCE = "0196a3c2-7b1e-7c3f-9d52-3f6d0a9f4e11"

WIDGET = Service(name="widget", title="Widget", description="The embed on customers' sites")
SEARCH = Service(name="search", title="Search")
SIGN_IN = Service(name="sign-in", title="Sign-in")
BILLING = Service(name="billing-worker", title="Billing worker", public=False)

CATALOG = Catalog(
    name="Where2Eat",
    version="1",
    services=(WIDGET, SEARCH, SIGN_IN, BILLING),
    status_page=StatusPage(url="https://status.where2eat.example"),
)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def standings(
    catalog: Catalog = CATALOG, /, **states: ComponentState
) -> tuple[ComponentStanding, ...]:
    """All work since April, apart from those named; `_` stands for `-` in names."""
    by_name = {name.replace("_", "-"): state for name, state in states.items()}
    return tuple(
        ComponentStanding(each.name, by_name[each.name], ago(17))
        if each.name in by_name
        else ComponentStanding(each.name, ComponentState.OPERATIONAL, ago(60 * 24 * 12))
        for each in catalog.services
    )


def update(
    seq: int,
    minutes_ago: float,
    text: str,
    status: Status = Status.INVESTIGATING,
    *,
    audience: Audience = Audience.PUBLIC,
    correction_seq: int = 0,
) -> Update:
    return Update(
        seq=seq,
        at=ago(minutes_ago),
        by="sam",
        audience=audience,
        text=text,
        status=status,
        correction_seq=correction_seq,
    )


def incident(
    n: int = 7,
    *,
    title: str = "widget/through fails: 502 from pop-ams3.internal",
    severity: Severity = Severity.S1,
    services: tuple[str, ...] = ("widget",),
    status: Status = Status.INVESTIGATING,
    began: float = 17,
    updates: tuple[Update, ...] = (),
    by_rule: bool = True,
    drill: bool = False,
    recovered: float | None = None,
    resolved: float | None = None,
    next_public: float | None = None,
) -> Incident:
    """One incident; times in minutes before `NOW`, `next_public` in minutes after it."""
    return Incident(
        id=f"0196a3c2-0000-7000-8000-{n:012d}",
        seq=20,
        number=n,
        slug=f"inc-2026-05-02-{n}",
        title=title,
        status=status,
        severity=severity,
        severity_reason="All direct checks fail.",
        rule=DEFAULT.rule(severity),
        services=services,
        declared_at=ago(began - 1),
        declared_by="Relight" if by_rule else "sam",
        by_rule=by_rule,
        changed_at=ago(0),
        began_at=ago(began),
        drill=drill,
        updates=updates,
        recovered_at=None if recovered is None else ago(recovered),
        resolved_at=None if resolved is None else ago(resolved),
        next_public_at=None if next_public is None else ago(-next_public),
    )


OUTAGE = incident(
    updates=(
        update(4, 16, "We are investigating trouble with Widget. Next update by 02:34 UTC."),
        update(9, 12, "Origin graphs look fine, blaming the CDN.", audience=Audience.INTERNAL),
        update(
            12,
            6,
            "Requests fail at our content delivery network.\nThe application itself is healthy.",
            Status.IDENTIFIED,
        ),
    ),
    status=Status.IDENTIFIED,
    next_public=24,
)

_DAY = 60 * 24
SLOW_SEARCH = incident(
    5,
    title="Search answers slowly",
    severity=Severity.S2,
    services=("search",),
    by_rule=False,
    began=3 * _DAY,
    recovered=3 * _DAY - 60,
    resolved=3 * _DAY - 98,
    status=Status.RESOLVED,
    updates=(
        update(3, 3 * _DAY - 5, "Search takes longer than usual. We are investigating."),
        update(
            8,
            3 * _DAY - 98,
            "Search has worked again since 03:20 UTC. We watched it for 38 min.",
            Status.RESOLVED,
            correction_seq=14,
        ),
    ),
)
NO_SIGN_IN = incident(
    3,
    severity=Severity.S1,
    services=("sign-in", "billing-worker"),
    began=40 * _DAY,
    recovered=40 * _DAY - 20,
    resolved=40 * _DAY - 80,
    status=Status.CLOSED,
    updates=(
        update(3, 40 * _DAY - 1, "We are investigating trouble with Sign-in."),
        update(9, 40 * _DAY - 80, "Sign-in has worked again.", Status.RESOLVED),
    ),
)
PAST = (SLOW_SEARCH, NO_SIGN_IN)
