"""A night on which very much fails at once: no incident is too old to be found."""

from tests.worker.given import Place


async def _goes_down(at: Place) -> None:
    at.worker.prepare()
    at.outside.sites[0].status = 500
    for _ in range(4):
        await at.look()
        at.clock.jump(1)


async def test_an_alert_clears_in_an_incident_older_than_a_hundred_others(at: Place) -> None:
    await _goes_down(at)
    ours = at.incident()
    assert ours.open_alerts
    for _ in range(100):
        at.declare()
    at.outside.sites[0].status = 200
    for _ in range(3):
        at.clock.jump(10)
        await at.look()
    after = at.house.desk.find(ours.name)
    assert after.open_alerts == ()
    assert after.recovered_at is not None


async def test_the_public_page_keeps_what_is_still_going_on(at: Place) -> None:
    await _goes_down(at)
    ours = at.incident()
    for _ in range(201):
        at.declare()
    page = at.house.desk.status_page()
    assert len(page.current) == 1
    assert page.current[0].began_at == ours.began_at
