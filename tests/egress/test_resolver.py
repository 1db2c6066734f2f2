"""Turning names into addresses that may be called."""

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest

from relight.egress.policy import Egress, NotAllowed
from relight.egress.resolver import SystemResolver
from relight.kernel.plug import NoAnswer, Transient


def answers(*addresses: str) -> SystemResolver:
    return SystemResolver(Egress.PUBLIC, lookup=lambda _host, _port: addresses)


async def test_the_families_take_turns_and_the_first_stays_first() -> None:
    found = await answers("2606:4700::1", "2606:4700::2", "8.8.8.8").addresses("x.test", 443)
    assert found == ["2606:4700::1", "8.8.8.8", "2606:4700::2"]


async def test_a_name_that_leads_inside_is_refused_with_its_address() -> None:
    with pytest.raises(NotAllowed, match=r"x\.test is 10\.0\.0\.1, which is not a public address"):
        await answers("10.0.0.1").addresses("x.test", 80)


async def test_of_mixed_addresses_only_the_allowed_are_left() -> None:
    assert await answers("169.254.169.254", "8.8.8.8").addresses("x.test", 80) == ["8.8.8.8"]


async def test_an_address_needs_no_lookup() -> None:
    assert await answers().addresses("8.8.4.4", 80) == ["8.8.4.4"]
    with pytest.raises(NotAllowed):
        await answers().addresses("::ffff:127.0.0.1", 80)


async def test_odd_ways_to_write_loopback_are_judged_by_where_they_lead() -> None:
    with pytest.raises(NotAllowed):
        await SystemResolver(Egress.PUBLIC).addresses("localhost", 80)


async def test_an_unknown_name_is_the_targets_fault() -> None:
    with pytest.raises(NoAnswer, match="does not exist"):
        await SystemResolver(Egress.OWNER).addresses("nobody.invalid", 80)
    with pytest.raises(NoAnswer):
        await answers().addresses("empty.test", 80)


async def test_a_name_server_in_trouble_says_nothing_about_the_target() -> None:
    def fails(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(Transient) as caught:
        await SystemResolver(Egress.OWNER, lookup=fails).addresses("x.test", 80)
    assert not isinstance(caught.value, NoAnswer)


async def test_a_silent_name_server_is_not_waited_for() -> None:
    let_go = threading.Event()

    def hangs(host: str, port: int) -> Sequence[str]:
        let_go.wait(30)
        return ["127.0.0.1"]

    try:
        with pytest.raises(Transient, match="did not answer"):
            await SystemResolver(Egress.OWNER, timeout_s=0.05, lookup=hangs).addresses("x.test", 1)
    finally:
        let_go.set()


async def test_who_asks_in_the_same_moment_shares_one_lookup() -> None:
    asked: list[str] = []

    def counts(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    resolver = SystemResolver(Egress.OWNER, lookup=counts)
    await asyncio.gather(*(resolver.addresses("same.test", 80) for _ in range(50)))
    assert asked == ["same.test"]


async def test_one_silent_name_does_not_hold_up_another() -> None:
    let_go = threading.Event()

    def hangs(host: str, port: int) -> Sequence[str]:
        if host == "silent.test":
            let_go.wait(30)
        return ["127.0.0.1"]

    resolver = SystemResolver(Egress.OWNER, timeout_s=0.05, lookup=hangs)
    try:
        for _ in range(40):
            with pytest.raises(Transient):
                await resolver.addresses("silent.test", 80)
        assert await resolver.addresses("other.test", 80) == ["127.0.0.1"]
        assert sum(each.name == "lookup" for each in threading.enumerate()) < 40
    finally:
        let_go.set()
