"""The smtp probe before a real mail server, and before some that only look like one."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.smtp import SmtpProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.chain import World
from tests.peers.mail_sink import mail_sink
from tests.peers.outside import real_ports

WORLD = World()


def at(host_port: str) -> SmtpProbe:
    return SmtpProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with mail_sink() as sink:
        yield SmtpProbe(address=sink.server)


AIM = Aim(working, at=at)


async def look(address: str, **settings: object) -> Result:
    probe = msgspec.convert({"address": address, "timeout_s": 10, **settings}, SmtpProbe)
    return await probe.observe(real_ports())


@asynccontextmanager
async def saying(
    *answers: str, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[str, list[str]]]:
    """Give each answer in turn, the first unasked; keeps what was said to it."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
            heard.append((await reader.readline()).decode().strip())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def test_it_greets_and_leaves_without_a_mail() -> None:
    async with mail_sink() as sink:
        result = await look(sink.server)
    assert result.ok
    assert result.reason.startswith("greeted with `mail.test ")
    assert dict(result.evidence)["tls"] == "none"
    assert sink.received == []


async def test_it_signs_in_over_tls(tmp_path: Path) -> None:
    tls = WORLD.serving(tmp_path, "mail", WORLD.leaf, WORLD.between)
    wanted = {"tls": "starttls", "roots": WORLD.roots, "user": "probe"}
    async with mail_sink(tls=tls, password="right one") as sink:
        good = await look(sink.server, **wanted, password="right one")
        bad = await look(sink.server, **wanted, password="wrong one")
    assert good.ok
    assert good.reason.endswith("and took the login")
    assert dict(good.evidence)["tls"] == "TLSv1.3"
    assert dict(bad.evidence)["fault"] == "login"
    assert bad.reason.startswith("answered the login with 535 ")


async def test_a_certificate_that_nobody_vouches_for_is_a_failure(tmp_path: Path) -> None:
    tls = WORLD.serving(tmp_path, "mail", WORLD.leaf, WORLD.between)
    async with mail_sink(tls=tls) as sink:
        bad = await look(sink.server, tls="starttls")
        any_will_do = await look(sink.server, tls="starttls", verify_tls=False)
    assert dict(bad.evidence)["fault"] == "certificate"
    assert "the certificate is not valid" in bad.reason
    assert any_will_do.ok


async def test_what_is_not_offered_is_said() -> None:
    async with mail_sink() as sink:
        result = await look(sink.server, tls="starttls")
    assert (result.ok, result.reason) == (False, "offers no STARTTLS")


@pytest.mark.parametrize(
    ("answers", "fault", "reason"),
    [
        (["554 go away"], "greeting", "answered the greeting with 554 go away, wanted 220"),
        (["421 too busy"], "greeting", "answered the greeting with 421 too busy, wanted 220"),
        (["220 hi", "502 what"], "ehlo", "answered the EHLO with 502 what, wanted 250"),
        (["SSH-2.0-OpenSSH_9.2"], "connection", "127.0.0.1 answered what is not SMTP"),
        (["220-hi\r\n" * 200], "connection", "sent 100 lines without an end to its answer"),
        (["220 " + "x" * 5000], "connection", "sent 2048 bytes without an end to its answer"),
        (["220-half"], "connection", "did not finish its answer within 1 s"),
    ],
)
async def test_it_says_what_was_answered(answers: list[str], fault: str, reason: str) -> None:
    patience_s = 1 if "within" in reason else 10
    async with saying(*answers) as (address, _):
        result = await look(address, timeout_s=patience_s)
    assert dict(result.evidence)["fault"] == fault
    assert reason in result.reason


@pytest.mark.parametrize(
    ("answers", "heard", "reason"),
    [
        (
            ["250-hi\r\n250 AUTH LOGIN", "334 VXNlcg==", "334 UGFzcw==", "235 welcome", "221 bye"],
            ["AUTH LOGIN", "cHJvYmU=", "aHVudGVyMi14", "QUIT"],
            "greeted with `hi` and took the login",
        ),
        (
            ["250-hi\r\n250 AUTH XOAUTH2"],
            [""],
            "offers only XOAUTH2, and PLAIN or LOGIN is needed",
        ),
        (["250 hi"], [""], "offers no login, and PLAIN or LOGIN is needed"),
        (
            [
                "250-hi\r\n250 AUTH PLAIN",
                "535 no AHByb2JlAGh1bnRlcjIteA== hunter2-x",
            ],
            ["AUTH PLAIN AHByb2JlAGh1bnRlcjIteA==", ""],
            "answered the login with 535 no ••• •••, wanted 235",
        ),
    ],
)
async def test_it_signs_in_as_the_server_offers_and_hides_the_password(
    tmp_path: Path, answers: list[str], heard: list[str], reason: str
) -> None:
    tls = WORLD.serving(tmp_path, "mail", WORLD.leaf, WORLD.between)
    async with saying("220 hi", *answers, tls=tls) as (address, said):
        result = await look(
            address,
            tls="tls",
            roots=WORLD.roots,
            user="probe",
            password="hunter2-x",
        )
    assert result.reason == reason
    assert said[1:] == heard[: len(said) - 1]


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "mail.test"},
        {"address": "mail.test:587", "user": "a", "password": "b"},
        {"address": "mail.test:587", "tls": "none", "user": "a", "password": "b"},
        {"address": "mail.test:465", "user": "a"},
        {"address": "mail.test:25", "hello": "a\r\nMAIL FROM:<x>"},
        {"address": "mail.test:25", "tls": "ssl"},
    ],
)
def test_what_cannot_be_spoken_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, SmtpProbe)
