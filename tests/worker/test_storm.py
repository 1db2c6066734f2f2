"""Very many alerts at once: one incident, one round of calls, and few entries."""

from relight.desk.rules import TRIAGE, ask_triage
from relight.detect.alert import Alert
from relight.incident import events as ev
from relight.kernel.ids import uuid7
from relight.oncall.react import DELIVER, ROUND
from relight.store.alerts import clear_in, raise_in
from tests.worker.conftest import Open
from tests.worker.given import SAM, Place

SERVICES = [f"s{n:02}" for n in range(40)]
KIT = """\
name: Where2Eat
people:
  - name: sam
    contacts:
      - email: sam@example.org
services:
""" + "".join(
    f"""\
  - name: {name}
    checks:
      - http: https://{name}.example.org/
"""
    for name in SERVICES
)


def fire(at: Place, count: int, *, source: str = "intake/prometheus", named: bool = True) -> None:
    now = at.clock.now()
    with at.house.database.write() as tx:
        for n in range(count):
            alert = Alert(
                id=uuid7(now),
                source=source,
                key=f"HighErrors-{n}",
                service=SERVICES[n % len(SERVICES)] if named else "",
                opened_at=now,
                summary=f"too many errors on {n}",
                reason="5xx above 1 %",
            )
            raise_in(tx, alert, [ask_triage(alert.id, now)])


async def test_a_thousand_alerts_of_many_services_are_one_incident_and_one_page(
    open_place: Open,
) -> None:
    at = open_place(KIT)
    fire(at, 1000)

    at.clock.jump(3)
    claims = at.house.due.claim([TRIAGE], now=at.clock.now(), limit=1, lease_s=60)
    await at.handlers()[TRIAGE](claims[0])
    await at.run(ROUND, DELIVER)

    assert len(at.house.incidents.all()) == 1
    incident = at.incident()
    assert len(incident.alerts) == 1000
    assert set(incident.services) == set(SERVICES)
    assert incident.title.endswith("and 39 other services are failing")
    assert len(at.outside.received) == 1
    counted = [each for each in at.events() if isinstance(each, ev.AlertsJoined)]
    assert sum(len(each.alerts) for each in counted) > 990
    assert len(at.events()) < 20
    assert "Taken for one thing until somebody moves it out." in counted[-1].reason
    assert at.house.due.keys(TRIAGE) == set()


async def test_many_that_are_over_at_once_are_one_entry_and_the_recovery(open_place: Open) -> None:
    at = open_place(KIT)
    fire(at, 200)
    at.clock.jump(3)
    claims = at.house.due.claim([TRIAGE], now=at.clock.now(), limit=1, lease_s=60)
    await at.handlers()[TRIAGE](claims[0])

    at.clock.jump(60)
    ids = [each.alert_id for each in at.incident().alerts]
    with at.house.database.write() as tx:
        for n in range(200):
            clear_in(tx, "intake/prometheus", f"HighErrors-{n}", at.clock.now())
    for each in ids:
        asked = ask_triage(each, at.clock.now())
        at.house.due.schedule(asked.kind, asked.key, due_at=asked.due_at, payload=asked.payload)
    claims = at.house.due.claim([TRIAGE], now=at.clock.now(), limit=1, lease_s=60)
    await at.handlers()[TRIAGE](claims[0])

    assert at.incident().open_alerts == ()
    assert at.incident().recovered_at is not None
    assert at.kinds().count("AlertsCleared") == 1


async def test_alerts_that_name_no_service_are_one_incident_too(open_place: Open) -> None:
    at = open_place(KIT)
    fire(at, 50, named=False)
    await at.run(TRIAGE)
    at.clock.jump(120)
    fire(at, 60, named=False)
    await at.run(TRIAGE)

    assert len(at.house.incidents.all()) == 1
    assert len(at.incident().alerts) == 60


async def test_a_repeated_triage_changes_nothing(open_place: Open) -> None:
    at = open_place(KIT)
    fire(at, 10)
    at.clock.jump(3)
    await at.run(TRIAGE)
    before = at.incident()

    for each in before.alerts:
        asked = ask_triage(each.alert_id, at.clock.now())
        at.house.due.schedule(asked.kind, asked.key, due_at=asked.due_at, payload=asked.payload)
    await at.run(TRIAGE)

    assert at.incident().seq == before.seq
    assert len(at.house.incidents.all()) == 1


async def test_what_fires_under_a_silence_is_kept_and_looked_at_when_it_ends(
    open_place: Open,
) -> None:
    at = open_place(
        KIT
        + """\
maintenance:
  - name: disks
    services: [s00]
    reason: New disks.
    from: 2026-05-02T02:00
    to: 2026-05-02T02:30
"""
    )
    fire(at, 1)
    at.clock.jump(5)
    await at.run(TRIAGE)
    assert at.house.incidents.all() == []
    shown = at.house.desk.alerts_shown(at.house.alerts.alerts())
    assert shown[0].is_open
    assert shown[0].silenced == "Under maintenance until 2026-05-02 02:30 UTC by disks: New disks."
    standing = at.house.desk.standings()[0]
    assert standing.state == "under_maintenance"

    at.clock.jump(27 * 60)
    await at.run(TRIAGE)
    assert [each.alert_id for each in at.incident().alerts] == [shown[0].id]


async def test_a_silence_that_somebody_made_holds_until_it_is_ended(open_place: Open) -> None:
    at = open_place(KIT)
    desk = at.house.desk
    made = desk.silence(for_s=7200, services=["s01"], reason="We know.", by=SAM)
    fire(at, 2)
    at.clock.jump(5)
    await at.run(TRIAGE)
    assert at.incident().services == ("s00",)

    desk.end_silence(made.name)
    at.clock.jump(61)
    await at.run(TRIAGE)
    assert {name for each in at.house.incidents.all() for name in each.services} == {"s00", "s01"}


async def test_a_service_is_moved_out_and_stays_apart(open_place: Open) -> None:
    at = open_place(KIT)
    fire(at, 3)
    at.clock.jump(3)
    await at.run(TRIAGE)
    before = at.incident()

    made = at.house.desk.move_out(before.name, "s02", by=SAM, reason="A full disk.")

    after = at.house.desk.find(before.name)
    assert after.services == ("s00", "s01") or set(after.services) == {"s00", "s01"}
    assert made.services == ("s02",)
    assert [each.service for each in made.open_alerts] == ["s02"]
    with at.house.database.write() as tx:
        ended = clear_in(tx, "intake/prometheus", "HighErrors-2", at.clock.now())
    assert ended
    asked = ask_triage(ended.id, at.clock.now())
    at.house.due.schedule(asked.kind, asked.key, due_at=asked.due_at, payload=asked.payload)
    await at.run(TRIAGE)
    assert at.house.desk.find(made.name).open_alerts == ()
    assert len(at.house.desk.find(before.name).open_alerts) == 2
