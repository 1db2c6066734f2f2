"""Which addresses may be called."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.egress.policy import Egress, refusal

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%lo",
    "fd00:ec2::254",
    "fd00:ec2::254%1",
    "fd20:ce::254",
    "fd20:ce::254%eth0",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::ffff:100.100.100.200",
    "not an address",
    "",
]
OWNER_ONLY = [
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "100.64.0.1",
    "fd00::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "192.0.2.1",
    "2001:db8::1",
    "240.0.0.1",
    "64:ff9b:1::808:808",
]
ANYONE = ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("egress", list(Egress))
@pytest.mark.parametrize("address", NEVER)
def test_these_are_never_called(address: str, egress: Egress) -> None:
    assert refusal(address, egress)


@pytest.mark.parametrize("address", OWNER_ONLY)
def test_private_ones_are_for_the_owner(address: str) -> None:
    assert refusal(address, Egress.OWNER) is None
    assert refusal(address, Egress.PUBLIC) == "is not a public address"


@pytest.mark.parametrize("address", ANYONE)
def test_public_ones_are_for_anyone(address: str) -> None:
    assert refusal(address, Egress.OWNER) is None
    assert refusal(address, Egress.PUBLIC) is None


@given(st.ip_addresses(v=4))
def test_a_wrapper_is_no_way_round(address: IPv4Address) -> None:
    wrapped = [f"::ffff:{address}", f"64:ff9b::{address}", str(IPv6Address(2 << 124 | 2 << 112))]
    wrapped[2] = str(IPv6Address(0x2002 << 112 | int(address) << 80))
    for each in wrapped:
        for egress in Egress:
            if refusal(str(address), egress):
                assert refusal(each, egress)


@given(st.ip_addresses())
def test_what_the_public_may_call_the_owner_may_too(address: IPv4Address | IPv6Address) -> None:
    if refusal(str(address), Egress.OWNER):
        assert refusal(str(address), Egress.PUBLIC)
    assert refusal(str(ip_address(str(address))), Egress.OWNER) == refusal(
        str(address), Egress.OWNER
    )
