"""Sets the scene, lets the outage play, and says what came of it."""

import asyncio
from pathlib import Path

import click
import msgspec
from rich.console import Console

from relight.cli.demo.narrator import Narrator
from relight.cli.demo.outage import Outage
from relight.cli.demo.outside import Outside, until
from relight.cli.demo.process import Up, command, running
from relight.kernel.clock import SystemClock
from relight.kernel.faults import RelightError
from relight.rehearse.kit import FAST, PUBLIC_FOLDER, WATCHED, Pace
from relight.rehearse.scenario import Failure, Report, Stage, Stages, report
from relight.rehearse.stand import Stand, stand

_LONGEST_S = 118.0
_PAUSE_S = 3.0
_START_S = 30.0
_STAGE_S = 30.0
_BROKEN_STAGE_S = 8.0
_NEVER_S = 3600
_NO = "554 5.7.1 This mailbox is closed"


class Rehearsal:
    """One run of the demo."""

    def __init__(
        self, *, folder: Path, port: int, fast: bool, as_json: bool, broken: Stage | None
    ) -> None:
        """Take the choices of whoever runs it."""
        self._folder = folder
        self._port = port
        self._fast = fast
        self._as_json = as_json
        self._broken = broken
        self._clock = SystemClock()
        self._tell = Narrator(
            Console(stderr=as_json, highlight=False),
            self._clock,
            pause_s=0 if fast else _PAUSE_S,
        )
        self._outage: Outage | None = None

    async def run(self) -> Report:
        """Play it, and judge it. Whatever was started has ended when this returns or raises."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                with self._tell.clock_running():
                    await self._play()
        except TimeoutError:
            return self._failed(f"The whole took longer than {_LONGEST_S:.0f} s.")
        except RelightError as error:
            return self._failed(" ".join(filter(None, (str(error), error.hint))))
        return report(self._outage.stages if self._outage else Stages())

    def _failed(self, why: str) -> Report:
        stages = self._outage.stages if self._outage else Stages()
        stage = self._outage.stage if self._outage else None
        return report(stages, Failure(stage=stage, why=why))

    async def _play(self) -> None:
        base_url = f"http://127.0.0.1:{self._port}"
        outside = Outside(base_url, self._clock)
        self._tell.title("A real outage on this machine. Nothing of it leaves loopback.")
        async with stand(self._clock) as parts:
            parts.write_kit(self._folder, relight=base_url, pace=self._pace())
            self._spoil(parts)
            self._tell.place("Kit", str(self._folder))
            self._tell.doing("starting Relight")
            async with running(self._folder, self._port) as up:
                await _ready(outside, up)
                self._tell.place("Pages", f"{base_url}/")
                self._tell.place("Public", f"{base_url}/status/")
                if up.sign_in_link:
                    self._tell.place("Sign in", up.sign_in_link)
                self._tell.gap()
                outside.token = (await command("token", "new", "demo", str(self._folder))).strip()
                self._outage = Outage(
                    parts=parts,
                    up=up,
                    outside=outside,
                    folder=self._folder,
                    narrator=self._tell,
                    clock=self._clock,
                    limit_s=_STAGE_S,
                    broken_limit_s=_BROKEN_STAGE_S,
                    broken=self._broken,
                )
                await self._outage.play()

    def _pace(self) -> Pace:
        pace = FAST if self._fast else WATCHED
        if self._broken is Stage.RESOLVE:
            return msgspec.structs.replace(pace, stability_s=_NEVER_S)
        return pace

    def _spoil(self, parts: Stand) -> None:
        """Really break what stands around a stage, to see the demo say no."""
        match self._broken:
            case Stage.PAGE:
                parts.mail.refusal = _NO
            case Stage.PUBLISH:
                (self._folder / PUBLIC_FOLDER).write_text("A file where a folder should be.\n")
            case Stage.POSTMORTEM:
                (self._folder / "postmortems").write_text("A file where a folder should be.\n")
            case _:
                pass

    def conclude(self, found: Report) -> None:
        """Say how it went: a table and where things lie, or what was not seen and why."""
        self._tell.end(found)
        failure = found.failure
        if failure is None:
            self._tell.hints(
                "Every stage was verified from outside.",
                f"The postmortem's draft: {found.stages.postmortem}",
                "",
                "Try next:",
                f"relight incident show {found.stages.incident} {self._folder}",
                "relight init my-kit, then relight up my-kit",
            )
        else:
            label = failure.stage.label if failure.stage else "Before the fault"
            self._tell.hints(f"{label}: not verified.", failure.why, f"Kit: {self._folder}")
        if self._as_json:
            click.echo(msgspec.json.encode(found.answer()).decode())


async def _ready(outside: Outside, up: Up) -> None:
    async def look() -> bool | None:
        return True if (await outside.ask("/ready")).status == 200 else None

    await until(look, within_s=_START_S, otherwise="Relight was not ready", alive=up.must_run)
