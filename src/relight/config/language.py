"""The language of `relight.yaml`: every key once, for the reader and for the reference page."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from relight.catalog.catalog import Catalog, FirstNotice, MailServer, StatusPage
from relight.catalog.person import Person, Role, Schedule
from relight.catalog.service import Service
from relight.config import forms
from relight.config.checks import CHECK, CHECK_FORM, named_checks
from relight.config.customers import CUSTOMER, CUSTOMERS_FORM
from relight.config.edge import EDGE, EDGE_FORM
from relight.config.forms import Form, Nothing, choice, many
from relight.config.heartbeats import HEARTBEAT, HEARTBEATS_FORM
from relight.config.intake import BY_LABEL, INTAKE, INTAKE_FORM
from relight.config.metrics import (
    DASHBOARD,
    DASHBOARD_FORM,
    HOST,
    HOSTS_FORM,
    METRICS,
    METRICS_FORM,
    RULE,
    RULES_FORM,
)
from relight.config.notes import Notes, shown
from relight.config.plugs import plug_form
from relight.config.section import Found, Key, Section, build, made_of
from relight.config.severities import SEVERITIES, SEVERITIES_FORM, SEVERITY
from relight.config.silences import MAINTENANCE, MAINTENANCE_FORM, SILENCE, SILENCES_FORM
from relight.config.vantage import VANTAGE, VANTAGE_FORM
from relight.config.vendors import DEPENDS, NEEDS_FORM, VENDOR, VENDORS_FORM, needs
from relight.config.watchdog import WATCHDOG, WATCHDOG_FORM
from relight.kernel.plug import Plugged
from relight.kernel.url import host_of

T = TypeVar("T")


class MailTls(StrEnum):
    """How the connection to the mail server is secured."""

    AUTO = "auto"
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def _contact(text: str) -> str | None:
    if text.startswith(("http://", "https://")):
        return "webhook"
    return "email" if "@" in text and "://" not in text else None


def _look_at_contact(contact: Plugged, line: int, notes: Notes) -> None:
    url = str(contact.settings.get("url", ""))
    if url.startswith("http://") and not _on_this_machine(host_of(url)):
        what = f"`{contact.kind}` goes over plain http, which others on the way can read."
        notes.warn(line, what, "Use https.")


def _on_this_machine(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


CONTACT = plug_form("channel", lambda kinds: kinds.channels, _contact, _look_at_contact)
PUBLISHER = plug_form("publisher", lambda kinds: kinds.publishers, lambda _text: None)

PERSON = Section(
    path="people[]",
    noun="a person",
    meaning="Someone who can be paged and can sign in. All of them are paged for S1 and S2.",
    shape=Person,
    later=frozenset({"was", "teams", "phone", "rules"}),
    keys=(
        Key(name="name", form=forms.declared("person"), required=True, meaning="A short name."),
        Key(name="zone", form=forms.ZONE, meaning="The person's time zone."),
        Key(
            name="role",
            form=choice(Role, frozenset({"editor"})),
            meaning="What the account may do; each role includes the ones before it.",
        ),
        Key(
            name="contacts",
            form=many(CONTACT, "contact"),
            meaning="Ways to reach them; a page goes to all. A bare mail address is `email`, "
            "a bare web address is `webhook`.",
        ),
    ),
)

SERVICE = Section(
    path="services[]",
    noun="a service",
    meaning="Something you run; each is a component of the status page.",
    shape=Service,
    later=frozenset({"runbooks", "objectives", "was", "owner", "teams", "slow"}),
    keys=(
        Key(name="name", form=forms.declared("service"), required=True, meaning="A short name."),
        Key(
            name="title",
            form=forms.TEXT,
            meaning="What the public reads.",
            default="the name",
        ),
        Key(name="description", form=forms.TEXT, meaning="One line on the status page."),
        Key(
            name="depends_on",
            form=NEEDS_FORM,
            meaning="Services and vendors that this one cannot work without.",
        ),
        Key(name="core", form=forms.FLAG, meaning="Whether its failing is worse than S3."),
        Key(name="public", form=forms.FLAG, meaning="Whether it is on the status page."),
        Key(
            name="checks",
            form=many(CHECK_FORM, "check"),
            meaning="How to see whether it works. A bare web address is an http check.",
        ),
        Key(name="edge", form=EDGE_FORM, meaning=EDGE.meaning),
    ),
)

STATUS_PAGE = Section(
    path="status_page",
    noun="the status page",
    meaning="The public page.",
    shape=StatusPage,
    later=frozenset({"subscribers", "history", "look", "domain"}),
    keys=(
        Key(name="title", form=forms.TEXT, meaning="Its headline.", default="the kit's name"),
        Key(name="url", form=forms.URL, meaning="Where the public reads it."),
        Key(
            name="publish",
            form=many(PUBLISHER, "publisher"),
            meaning="Where static copies go, so that it stays up when this machine is down.",
        ),
        Key(
            name="first_notice",
            form=choice(FirstNotice),
            meaning="Whether the neutral first notice goes out by itself or waits for a person.",
        ),
    ),
)

ROTATION = Section(
    path="oncall[].rotation",
    noun="a rotation",
    meaning="Who takes turns, and from when.",
    shape=Schedule,
    later=frozenset({"weekdays", "hours", "handoff"}),
    keys=(
        Key(
            name="every",
            field="every_days",
            form=forms.WHOLE_DAYS,
            meaning="How long a turn lasts.",
            default="1w",
        ),
        Key(
            name="from",
            field="starts",
            form=forms.LOCAL_TIME,
            required=True,
            meaning="When the first turn begins, in the schedule's zone; also the hand-off time.",
        ),
        Key(
            name="people",
            form=many(forms.named("person"), "person"),
            required=True,
            meaning="Who takes turns, in order.",
        ),
    ),
)


def _rotation(found: Found, notes: Notes) -> Mapping[str, Any]:
    if found.lacks("people") and "people" in found.lines:
        notes.wrong(found.line_of("people"), "A rotation needs at least one person.")
    return found.values


def _schedule(found: Found, notes: Notes) -> Schedule | Nothing:
    del notes
    values = dict(found.values)
    return build(Schedule, {**values.pop("rotation", {}), **values})


SCHEDULE = Section(
    path="oncall[]",
    noun="a schedule",
    meaning="Who is on call. Without one, everyone in `people` is.",
    shape=Schedule,
    later=frozenset({"overrides", "lags", "by", "restrictions", "was"}),
    keys=(
        Key(name="name", form=forms.declared("schedule"), required=True, meaning="A short name."),
        Key(name="zone", form=forms.ZONE, meaning="The zone its times are in."),
        Key(
            name="rotation",
            form=made_of(ROTATION, _rotation),
            required=True,
            meaning="Who takes turns.",
        ),
    ),
)

MAIL = Section(
    path="mail",
    noun="mail",
    meaning="The server that takes our mail.",
    shape=MailServer,
    keys=(
        Key(name="server", form=forms.MAIL_SERVER, meaning="Where it listens."),
        Key(name="from", field="sender", form=forms.MAIL_ADDRESS, meaning="Who our mail is from."),
        Key(name="user", form=forms.TEXT, meaning="The account there, if it asks for one."),
        Key(name="password", form=forms.SECRET, meaning="That account's password."),
        Key(
            name="tls",
            form=choice(MailTls),
            meaning="`auto` takes what the server offers.",
        ),
    ),
)


def _person(found: Found, notes: Notes) -> Person | Nothing:
    if found.lacks("contacts"):
        who = _called(found, "This person")
        notes.warn(found.line, f"{who} has no contact and cannot be paged.", "Add `contacts:`.")
    return build(Person, found.values)


def _service(found: Found, notes: Notes) -> Service | Nothing:
    values = dict(found.values)
    name = values.get("name", "")
    if found.lacks("checks") and "edge" not in found.lines:
        which = _called(found, "This service")
        notes.warn(found.line, f"{which} has no checks; nothing watches it.", "Add `checks:`.")
    values["checks"] = named_checks(name, values.get("checks", ()), notes)
    values.setdefault("title", name)
    values["depends_on"], values["vendor_parts"] = needs(values.get("depends_on", ()))
    notes.depends(name, values["depends_on"], found.line_of("depends_on"))
    return build(Service, values)


def _called(found: Found, otherwise: str) -> str:
    name = found.values.get("name")
    return f"`{shown(name)}`" if name else otherwise


def _status_page(found: Found, notes: Notes) -> StatusPage | Nothing:
    if found.lacks("publish"):
        warn_unpublished(found.line, notes)
    return build(StatusPage, found.values)


def warn_unpublished(line: int, notes: Notes) -> None:
    """Say that the status page shares this machine's fate."""
    what = "The status page is served from this machine alone and goes down with it."
    notes.warn(line, what, "Add `status_page:` with `publish:`.")


def _things(section: Section, make: Callable[[Found, Notes], T | Nothing]) -> Form[tuple[T, ...]]:
    return many(made_of(section, make), section.noun.split()[-1])


ROOT = Section(
    path="",
    noun="relight.yaml",
    meaning="Only `name` is required.",
    shape=Catalog,
    later=frozenset(
        {
            "agreements",
            "backups",
            "chat",
            "chats",
            "dns",
            "drills",
            "escalation",
            "flags",
            "gate",
            "heartbeats",
            "levers",
            "objectives",
            "roles",
            "subscribers",
            "teams",
            "templates",
            "trackers",
        }
    ),
    keys=(
        Key(name="name", form=forms.TEXT, required=True, meaning="What all this is called."),
        Key(name="people", form=_things(PERSON, _person), meaning=PERSON.meaning),
        Key(name="services", form=_things(SERVICE, _service), meaning=SERVICE.meaning),
        Key(
            name="customers",
            form=CUSTOMERS_FORM,
            meaning="The table of your customers; the columns are listed under `customers.csv`.",
        ),
        Key(
            name="status_page",
            form=made_of(STATUS_PAGE, _status_page),
            meaning=STATUS_PAGE.meaning,
        ),
        Key(name="oncall", form=_things(SCHEDULE, _schedule), meaning=SCHEDULE.meaning),
        Key(
            name="mail",
            form=made_of(MAIL, lambda found, _notes: build(MailServer, found.values)),
            meaning=MAIL.meaning,
        ),
        Key(name="severities", form=SEVERITIES_FORM, meaning=SEVERITIES.meaning),
        Key(
            name="allow_exec",
            form=forms.FLAG,
            meaning="Whether checks may run programs of your own on this machine.",
        ),
        Key(name="maintenance", form=MAINTENANCE_FORM, meaning=MAINTENANCE.meaning),
        Key(name="silences", form=SILENCES_FORM, meaning=SILENCE.meaning),
        Key(name="heartbeats", form=HEARTBEATS_FORM, meaning=HEARTBEAT.meaning),
        Key(name="vendors", form=VENDORS_FORM, meaning=VENDOR.meaning),
        Key(name="vantage", form=VANTAGE_FORM, meaning=VANTAGE.meaning),
        Key(name="hosts", form=HOSTS_FORM, meaning=HOST.meaning),
        Key(name="metrics", form=METRICS_FORM, meaning=METRICS.meaning),
        Key(name="rules", form=RULES_FORM, meaning=RULE.meaning),
        Key(name="dashboard", form=DASHBOARD_FORM, meaning=DASHBOARD.meaning),
        Key(name="watchdog", form=WATCHDOG_FORM, meaning=WATCHDOG.meaning),
        Key(name="intake", form=INTAKE_FORM, meaning=INTAKE.meaning),
    ),
)

SECTIONS = (
    ROOT,
    PERSON,
    SERVICE,
    DEPENDS,
    CHECK,
    EDGE,
    CUSTOMER,
    STATUS_PAGE,
    SCHEDULE,
    ROTATION,
    MAIL,
    SEVERITIES,
    SEVERITY,
    MAINTENANCE,
    SILENCE,
    HEARTBEAT,
    WATCHDOG,
    VENDOR,
    VANTAGE,
    HOST,
    METRICS,
    RULE,
    DASHBOARD,
    INTAKE,
    BY_LABEL,
)
