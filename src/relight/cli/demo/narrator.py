"""Tells what happens, at which second, in a calm voice; a clock runs beside it on a terminal."""

import asyncio
import contextlib
from collections.abc import Generator
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from relight.kernel.clock import Clock
from relight.rehearse.scenario import Report, Stage

_STAMP = 11


class Narrator:
    """Prints to a console. `pause_s` is how long people get to read one thing."""

    def __init__(self, console: Console, clock: Clock, *, pause_s: float) -> None:
        """Take where to print, and the clock."""
        self._console = console
        self._clock = clock
        self._pause_s = pause_s
        self._fault_at: datetime | None = None
        self._doing = ""

    @contextlib.contextmanager
    def clock_running(self) -> Generator[None]:
        """Show, on a terminal, what is awaited and the seconds since the fault."""
        if not self._console.is_terminal:
            yield
            return
        live = Live(self, console=self._console, refresh_per_second=8, transient=True)
        with live:
            yield

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the line at the foot."""
        if not self._doing:
            return
        line = Text.assemble((f"{self._stamp():>{_STAMP}}", "yellow"), f"  {self._doing} …")
        line.truncate(options.max_width, overflow="ellipsis")
        yield line

    def fault(self, at: datetime) -> None:
        """Count from now on."""
        self._fault_at = at

    def doing(self, what: str) -> None:
        """Say what is awaited; only a terminal shows it."""
        self._doing = what

    def title(self, text: str) -> None:
        """Begin."""
        self._console.print()
        self._console.print(Padding(Text(text, style="bold"), (0, 0, 0, 2)))
        self._console.print()

    def gap(self) -> None:
        """Leave a line empty."""
        self._console.print()

    def place(self, label: str, where: str) -> None:
        """Name an address or a path on one line, however long, so that it can be opened."""
        line = Text.assemble((f"  {label:<9}", "dim"), where)
        self._console.print(line, soft_wrap=True)

    def say(self, text: str, *quoted: str, at_s: float | None = None) -> None:
        """Tell what happened, with the words that Relight itself found for it beneath.

        `at_s` is the second since the fault at which it happened; else it is now.
        """
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=_STAMP, justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        stamp = self._stamp() if at_s is None else f"+{at_s:.1f} s"
        grid.add_row(Text(stamp, style="yellow"), Text(text))
        for each in quoted:
            grid.add_row("", Text(each, style="dim"))
        self._console.print(grid)

    async def pause(self, times: int = 1, *, before: str = "") -> None:
        """Give people time to read, or `times` as much to do something `before` what follows."""
        self._doing = before
        await asyncio.sleep(self._pause_s * times)

    def end(self, report: Report) -> None:
        """Show what was measured, and by what each stage was verified."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("Stage", no_wrap=True)
        table.add_column("Seconds", justify="right", no_wrap=True)
        table.add_column("Verified from outside by", overflow="fold")
        for stage in Stage:
            failed = report.failure is not None and report.failure.stage is stage
            after_s = report.stages.after_s(stage)
            seen = report.stages.seen(stage) and not failed
            table.add_row(
                Text(stage.label),
                Text("" if after_s is None else f"{after_s:.1f}", style="yellow"),
                Text(stage.witness if seen else "failed" if failed else "not reached"),
                style="" if seen else "bold" if failed else "dim",
            )
        self._console.print()
        self._console.print(Padding(table, (0, 0, 0, 2)))
        self._console.print()

    def hints(self, *lines: str) -> None:
        """Say what to try next, one thing a line, never broken within a command."""
        for line in lines:
            self._console.print(Text(f"  {line}"), soft_wrap=True)
        self._console.print()

    def _stamp(self) -> str:
        if self._fault_at is None:
            return "before"
        return f"+{(self._clock.now() - self._fault_at).total_seconds():.1f} s"
