"""Pages and sign-in links: every attempt is an entry, nothing is lost, no secret is written."""

import re
from datetime import timedelta

import msgspec
import pytest

from relight.catalog.catalog import Catalog
from relight.egress.outside import open_ports
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.kernel.actor import person
from relight.kernel.clock import Clock
from relight.kernel.plug import Permanent, PlugFailed, Transient
from relight.kernel.ports import HttpAnswer, HttpRequest, Ports
from relight.kernel.secret import Secret
from relight.notify.channels import Channel
from relight.notify.message import Message
from relight.oncall.react import DELIVER, ROUND
from relight.wiring.house import build
from relight.worker.pages import Pages
from relight.worker.work import Worker
from tests.worker.conftest import Open
from tests.worker.given import KIT, SAM, Place

HOOK_KIT = KIT.replace(
    "      - email: sam@example.org",
    '      - webhook: {url: "https://hooks.example.org/sam", key: "env:HOOK_KEY"}',
)


async def test_what_fails_for_now_is_written_down_and_tried_again(at: Place) -> None:
    at.outside.mail_refused = True
    at.declare()
    await at.run(ROUND, DELIVER)
    failed = at.events()[-1]
    assert isinstance(failed, ev.PageFailed)
    assert (failed.attempt, failed.retry_at) == (1, at.clock.now() + timedelta(seconds=5))
    assert at.house.due.next_due([DELIVER]) == failed.retry_at

    at.outside.mail_refused = False
    at.clock.jump(5)
    await at.run(DELIVER)
    sent = at.events()[-1]
    assert isinstance(sent, ev.PageSent)
    assert (sent.attempt, sent.page) == (2, failed.page)
    assert at.house.due.keys(DELIVER) == set()
    assert len(at.outside.received) == 1


async def test_a_channel_that_breaks_is_written_down_like_one_that_fails(at: Place) -> None:
    """What a plug-in of others raises is no reason to say nothing on the timeline."""

    class Broken(Channel, frozen=True):
        async def deliver(self, message: Message, ports: Ports) -> str:
            raise KeyError(message.recipient)

    house = at.house
    pages = Pages(
        desk=house.desk,
        due=house.due,
        channel_of=lambda _declared: Broken(),
        ports=house.ports,
        masker=house.masker,
        key=house.instance.key,
        base_url=house.base_url,
        new_link=house.new_link,
    )
    at.declare()
    await at.run(ROUND)
    (claim,) = at.claim(DELIVER)
    await pages.deliver(claim)
    failed = at.events()[-1]
    assert isinstance(failed, ev.PageFailed)
    assert failed.reason == "The email channel broke (KeyError)."
    assert house.due.next_due([DELIVER]) == failed.retry_at


async def test_what_fails_for_good_is_written_down_and_the_next_round_still_comes(
    open_place: Open,
) -> None:
    at = open_place(HOOK_KIT.replace("env:HOOK_KEY", "file:hook.key"))
    (at.folder / "hook.key").write_text("s3cret-key", encoding="utf-8")
    at.outside.sites[0].where = "hooks.example.org"
    at.outside.sites[0].status = 410
    at.declare()
    await at.run(ROUND, DELIVER)
    failed = at.events()[-1]
    assert isinstance(failed, ev.PageFailed)
    assert (failed.reason, failed.retry_at) == (
        "hooks.example.org refused the message with 410.",
        None,
    )
    assert at.house.due.keys(DELIVER) == set()

    at.clock.jump(300)
    await at.run(ROUND, DELIVER)
    assert at.kinds().count("PageRequested") == 2
    assert at.kinds().count("PageFailed") == 2


async def test_a_missing_secret_is_a_failure_that_may_pass(open_place: Open) -> None:
    at = open_place(HOOK_KIT.replace("env:HOOK_KEY", "file:hook.key"))
    at.declare()
    await at.run(ROUND, DELIVER)
    failed = at.events()[-1]
    assert isinstance(failed, ev.PageFailed)
    assert "`file:hook.key` cannot be read" in failed.reason
    (at.folder / "hook.key").write_text("s3cret-key", encoding="utf-8")
    at.clock.jump(5)
    await at.run(DELIVER)
    assert at.kinds()[-1] == "PageSent"


async def test_nobody_is_paged_for_what_somebody_has(at: Place) -> None:
    incident = at.declare()
    await at.run(ROUND)
    at.house.desk.acknowledge(incident.id, person="sam", via="page", by=SAM)
    await at.run(DELIVER)
    suppressed = at.events()[-1]
    assert isinstance(suppressed, ev.PageSuppressed)
    assert suppressed.reason == "sam has it."
    at.clock.jump(3600)
    await at.run(ROUND, DELIVER)
    assert at.kinds().count("PageRequested") == 1
    assert at.outside.received == []


async def test_a_page_that_waits_is_not_sent_once_it_is_over(at: Place) -> None:
    at.outside.mail_refused = True
    incident = at.declare()
    await at.run(ROUND, DELIVER)
    at.house.desk.run(incident.id, cmd.Decline(reason="a test"), SAM)
    at.outside.mail_refused = False
    at.clock.jump(5)
    await at.run(DELIVER)
    suppressed = at.events()[-1]
    assert isinstance(suppressed, ev.PageSuppressed)
    assert suppressed.reason == "The incident is declined."
    assert at.outside.received == []


async def test_a_page_delivered_just_before_a_crash_is_recorded_after_it(at: Place) -> None:
    """Whether it was sent cannot be known, so it is sent again under the same id."""
    at.declare()
    await at.run(ROUND)
    (claim,) = at.claim(DELIVER)
    await at.handlers()[DELIVER](claim)
    at.house.due.release()
    assert await at.run(DELIVER) == 0
    assert at.kinds()[-1] == "PageSent"


class Leaky:
    """An HTTP port that repeats in its error all that it should not."""

    def __init__(self, failure: type[PlugFailed]) -> None:
        self._failure = failure

    async def request(self, request: HttpRequest) -> HttpAnswer:
        raise self._failure(
            f"POST {request.url} failed, key s3cret-key, via https://proxy:pa55word@proxy.example/"
        )


@pytest.mark.parametrize("failure", [Transient, Permanent])
async def test_no_secret_reaches_the_record(
    at: Place, failure: type[PlugFailed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret-key")
    at.write_kit(HOOK_KIT)

    def leaky(catalog: Catalog, clock: Clock, password: Secret | None) -> Ports:
        return msgspec.structs.replace(open_ports(catalog, clock), http=Leaky(failure))

    house = build(at.folder, data=at.folder / "other", clock=at.clock, outside=leaky)
    other = Place(at.folder, house, Worker(house), at.outside, at.clock)
    try:
        other.declare()
        await other.run(ROUND, DELIVER)
        written = msgspec.json.encode(house.desk.timeline(other.incident())).decode()
        failed = other.events()[-1]
        assert isinstance(failed, ev.PageFailed)
        assert failed.reason.count("•••") == 2
        assert "s3cret-key" not in written
        assert "pa55word" not in written
        assert "env:HOOK_KEY" in written
    finally:
        house.close()


async def test_a_link_to_sign_in_is_sent_and_works_once(at: Place) -> None:
    at.house.send_sign_in("sam")
    await at.run("signin.deliver")
    (mail,) = at.outside.received
    found = re.search(r"/sign-in\?link=(\S+)", mail.text)
    assert found
    assert mail.by == "mail to sam@example.org"
    assert at.house.access.use_link(found[1], at.clock.now()) == "sam"
    assert at.house.access.use_link(found[1], at.clock.now()) is None
    assert at.house.due.keys("signin.deliver") == set()


async def test_a_link_to_sign_in_is_good_for_a_quarter_of_an_hour(at: Place) -> None:
    at.house.send_sign_in("sam")
    await at.run("signin.deliver")
    found = re.search(r"/sign-in\?link=(\S+)", at.outside.received[0].text)
    assert found
    at.clock.jump(901)
    assert at.house.access.use_link(found[1], at.clock.now()) is None


async def test_a_link_that_cannot_be_sent_is_given_up(at: Place) -> None:
    """It would be too old by the time it came; who waits for it asks again."""
    at.outside.mail_refused = True
    at.house.send_sign_in("sam")
    at.house.send_sign_in("nobody we know")
    await at.run("signin.deliver")
    assert at.house.due.keys("signin.deliver") == set()


async def test_the_link_in_a_page_names_the_person_it_was_sent_to(at: Place) -> None:
    from relight.web.ack import opened

    at.declare()
    await at.run(ROUND, DELIVER)
    found = re.search(r"/ack/(\S+)", at.outside.received[0].text)
    assert found
    link = opened(at.house, found[1])
    assert (link.person, link.incident.id) == ("sam", at.incident().id)
    at.house.desk.acknowledge(
        link.incident.id, person=link.person, via="link", by=person(link.person)
    )
    assert at.incident().acknowledged_by == "sam"
