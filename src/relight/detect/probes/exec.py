"""Runs a script of the owner's own and takes its word, as Nagios does."""

import re
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from relight.detect.probes import Probe, Result, failed
from relight.kernel.plug import Permanent, Transient
from relight.kernel.ports import Ports, Ran

_LONGEST_LINE = 300
_MOST_FIGURES = 10
_OK, _WARNING, _UNKNOWN = 0, 1, 3
# What a shell or `env` says of a program that it could not start.
_NOT_STARTED = {126, 127}
_FIGURE = re.compile(r"('(?:[^'=]|'')+'|[^\s'=]+)=(-?[0-9.]+)([a-zA-Z%]*)")


class ExecProbe(Probe, frozen=True, kw_only=True):
    """Run a script of your own and take its word for it.

    `command` is a program with its arguments, as a list; no shell reads it. It is run in `folder`,
    which starts at the kit's, without Relight's own environment. Its exit status is read as that of
    a Nagios plug-in: 0 is good, 1 is good with a warning, 2 is bad, and 3 says that it could not
    find out. The first line it prints is the reason, and what follows `|` in it are figures that
    are kept as evidence, like `queue=12 age=3.5s`. Not ending within `timeout_s` is bad too, and
    ends it with all it has started.

    Since it runs programs, it works only where relight.yaml says `allow_exec: true`.
    """

    command: str | tuple[str, ...]
    folder: str = "."
    timeout_s: Annotated[float, Meta(gt=0, le=50)] = 10.0

    PROGRAMS: ClassVar[frozenset[str]] = frozenset({"command"})
    PATHS: ClassVar[frozenset[str]] = frozenset({"folder"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "command": ["./checks/queue.sh", "--most", "1000"],
        "timeout_s": 5,
    }

    def __post_init__(self) -> None:
        """Refuse what names no program."""
        argv = self._argv()
        if not argv or not argv[0].strip():
            raise ValueError('`command` names no program. Write ["./check.sh", "argument"].')
        if len(argv) == 1 and any(character.isspace() for character in argv[0]):
            raise ValueError(
                f"`{argv[0]}` is read as one word, and no shell takes it apart. "
                'Write a list, like ["./check.sh", "argument"].'
            )

    async def observe(self, ports: Ports) -> Result:
        """Run it once."""
        argv = self._argv()
        ran = await ports.runner.run(argv, timeout_s=self.timeout_s, cwd=self.folder)
        if ran.status is None:
            reason = f"{argv[0]} did not end within {self.timeout_s:g} s"
            return failed("slow", reason, took_s=ran.took_s)
        said, figures = _read(ran)
        if ran.status in _NOT_STARTED:
            raise Permanent(f"{argv[0]} could not be run: {said or 'it was not found'}.")
        if ran.status < 0:
            raise Transient(f"{argv[0]} was ended by signal {-ran.status}.")
        if ran.status == _UNKNOWN:
            raise Transient(f"{argv[0]} could not find out: {said or 'it did not say why'}.")
        reason = said or f"ended with status {ran.status}"
        evidence = (("status", str(ran.status)), *figures)
        if ran.status not in {_OK, _WARNING}:
            return failed("status", reason, took_s=ran.took_s, evidence=evidence)
        mark = "warning: " if ran.status == _WARNING else ""
        return Result(ok=True, took_s=ran.took_s, reason=f"{mark}{reason}", evidence=evidence)

    def _argv(self) -> tuple[str, ...]:
        return (self.command,) if isinstance(self.command, str) else self.command


def _read(ran: Ran) -> tuple[str, list[tuple[str, str]]]:
    """Give the first line that was printed, and its figures.

    Source: https://www.monitoring-plugins.org/doc/guidelines.html#PLUGOUTPUT.
    """
    printed = ran.output.strip() or ran.errors.strip()
    line = printed.decode(errors="replace").partition("\n")[0]
    words, _, after = "".join(c if c.isprintable() else " " for c in line).partition("|")
    found = list(_FIGURE.finditer(after))[:_MOST_FIGURES]
    figures = [(each[1].strip("'").replace("''", "'"), each[2] + each[3]) for each in found]
    return words.strip().rstrip(".")[:_LONGEST_LINE], figures


PLUGIN: type[Probe] = ExecProbe
