"""Which incident takes an alert whose own service has none."""

from msgspec.structs import replace

from relight.catalog.service import Service
from relight.detect.grouping import OpenIncident, belongs, gathers
from relight.incident.status import Status
from tests.detect.given import NOW, a_service, after

WIDGET = a_service("through", depends_on=("db", "cloudflare"))


def live(*services: str, opened_s_ago: float = 600, **more: object) -> OpenIncident:
    incident = OpenIncident(
        id="i1",
        services=services,
        status=Status.INVESTIGATING,
        opened_at=after(-opened_s_ago),
        began_at=after(-opened_s_ago),
        stability_s=600,
    )
    return replace(incident, **more)


def reason(
    service: Service, *incidents: OpenIncident, vendors: frozenset[str] = frozenset()
) -> str:
    found = belongs(service, NOW, incidents, vendors)
    return found.reason if found else ""


def test_what_it_depends_on_comes_before_the_time() -> None:
    by_time = live("mail", opened_s_ago=5, id="i0")

    found = belongs(WIDGET, NOW, [by_time, live("db")])

    assert found is not None
    assert found.incident_id == "i1"
    assert found.reason == "widget depends on db, which has a live incident."


def test_what_others_depend_on_joins_theirs() -> None:
    child = live("shop", needs=frozenset({"widget"}))

    assert reason(WIDGET, child) == "shop depends on widget, which now fails."


def test_a_vendor_in_trouble_that_both_need_ties_them() -> None:
    vendors = frozenset({"cloudflare"})
    shop = live("shop", vendors=vendors)

    assert reason(WIDGET, shop, vendors=vendors) == (
        "widget depends on cloudflare as well, which says it has trouble."
    )
    assert reason(WIDGET, shop) == ""


def test_what_begins_within_a_minute_is_taken_for_one_thing_and_says_so() -> None:
    assert reason(WIDGET, live("mail", opened_s_ago=40)) == (
        "widget began to fail within 40 s of it. Taken for one thing until somebody moves it out."
    )
    assert reason(WIDGET, live("mail", opened_s_ago=61)) == ""


def test_a_persons_incident_and_what_was_moved_out_take_nothing_by_time() -> None:
    assert reason(WIDGET, live("mail", opened_s_ago=5, by_rule=False)) == ""
    assert reason(WIDGET, live("mail", opened_s_ago=5, apart=frozenset({"widget"}))) == ""


def test_alerts_that_name_no_service_gather_by_their_source() -> None:
    open_now = live(sources=frozenset({"intake/grafana"}), joined_at=after(-300))

    found = gathers("intake/grafana", NOW, [open_now])
    assert found is not None
    assert found.reason == "intake/grafana said so within 10 min of it."
    assert gathers("intake/other", NOW, [open_now]) is None
    assert gathers("intake/grafana", after(601), [open_now]) is None
    assert gathers("intake/grafana", NOW, [replace(open_now, services=("mail",))]) is None
