import msgspec

from relight.catalog.service import Route
from relight.detect.alert import clear, open_alert
from relight.detect.judge import CheckStatus
from tests.detect.given import NOW, a_check, a_state, after


def test_an_alert_says_which_check_failed_and_why() -> None:
    check = a_check("direct")
    alert = open_alert(a_state("direct", CheckStatus.DOWN), check, NOW, "a1")

    assert alert.is_open
    assert (alert.source, alert.key) == ("check", "widget/direct")
    assert alert.route is Route.DIRECT
    assert alert.opened_at == NOW
    assert alert.summary == "widget/direct fails: answered 502, wanted 2xx"


def test_clearing_keeps_the_first_time() -> None:
    alert = open_alert(a_state("through", CheckStatus.DOWN), a_check(), NOW, "a1")

    cleared = clear(alert, after(60))

    assert not cleared.is_open
    assert cleared.cleared_at == after(60)
    assert clear(cleared, after(90)) == cleared
    assert msgspec.json.decode(msgspec.json.encode(cleared), type=type(cleared)) == cleared
