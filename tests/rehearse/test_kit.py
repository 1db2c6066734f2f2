from pathlib import Path

import pytest

from relight.catalog.service import Route
from relight.config.read import read_kit
from relight.kernel.clock import SystemClock
from relight.kernel.severity import Severity
from relight.rehearse.kit import FAST, MAIL_TO, PERSON, SERVICE, WATCHED, Pace
from relight.rehearse.stand import stand
from relight.wiring.kit import KINDS


@pytest.mark.parametrize("pace", [FAST, WATCHED])
async def test_the_kit_says_what_the_scene_is(tmp_path: Path, pace: Pace) -> None:
    async with stand(SystemClock()) as parts:
        parts.write_kit(tmp_path, relight="http://127.0.0.1:8181", pace=pace)
        reading = read_kit(tmp_path, KINDS)
        assert reading.catalog is not None
        assert [fault.what for fault in reading.faults if "host" not in fault.what] == []
        service = reading.catalog.service(SERVICE)
        person = reading.catalog.person(PERSON)
        assert service is not None
        assert person is not None
        assert [check.route for check in service.checks] == [Route.THROUGH, Route.DIRECT]
        assert {check.every_s for check in service.checks} == {pace.every_s}
        assert [contact.kind for contact in person.contacts] == ["email", "webhook"]
        assert person.contacts[0].settings["to"] == MAIL_TO
        assert reading.catalog.severities.rule(Severity.S1).stability_s == pace.stability_s
    assert (tmp_path / "webhook.key").stat().st_mode & 0o077 == 0
