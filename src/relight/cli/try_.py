"""`relight try`: run one thing now, and see what comes of it."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from inspect import cleandoc
from pathlib import Path
from shlex import quote
from typing import Any

import click
import msgspec

from relight.cli.bars import bars
from relight.cli.door import NO, UNKNOWN, WRONG, json_option, say, tell
from relight.detect.probes import PROBES, Probe, Result
from relight.kernel.faults import RelightError, did_you_mean
from relight.kernel.plug import Plugged
from relight.kernel.ports import Phases


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One look. `ok` is None where it could not be found out, which says nothing of the target."""

    probe: str
    ok: bool | None
    reason: str
    took_s: float | None = None
    phases: Phases | None = None
    evidence: dict[str, str] = {}


class _Kinds(click.Group):
    """One command for each kind of probe; whatever has a slash in it is a check of the kit."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return PROBES.kinds()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if "/" in cmd_name:
            return _of_check(cmd_name)
        return _of_kind(cmd_name) if cmd_name in PROBES.kinds() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            msg = f"`{name}` is not a probe. {did_you_mean(name, PROBES.kinds())}"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)


@click.group("try")
def try_() -> None:
    """Run one thing now, and see what comes of it. Nothing is recorded and nobody is paged."""


@try_.group("probe", cls=_Kinds, subcommand_metavar="KIND|SERVICE/CHECK [ARGS]...")
def probe() -> None:
    """Look once with a probe, or with a check of the kit, and show where the time went.

    Exit codes: 0 good, 1 bad, 2 used wrongly, 3 could not find out.

    \b
    relight try probe http https://example.org --set status=200
    relight try probe where2eat/through --kit my-kit
    """  # noqa: D301 - click's mark for lines that are not to be wrapped


def _kit_option(command: Any) -> Any:  # noqa: ANN401 - click's own
    return click.option(
        "--kit",
        "folder",
        default=".",
        type=click.Path(path_type=Path, file_okay=False),
        help="Kit folder: its checks, and where `file:` secrets are.",
    )(json_option(command))


def _of_check(key: str) -> click.Command:
    @click.command(key, short_help="A check of the kit.")
    @_kit_option
    def command(folder: Path, *, as_json: bool) -> None:
        """Look once with this check of the kit."""
        from relight.wiring.look import declared_check

        _run(lambda: declared_check(folder, key), key, folder, as_json=as_json)

    return command


def _of_kind(kind: str) -> click.Command:
    plug = PROBES.get(kind)
    first = plug.__struct_fields__[0]
    manual = cleandoc(plug.__doc__ or "").replace("`", "")
    described = f"{manual}\n\n\b\nExample:\n{_example(kind, plug)}"

    @click.command(kind, help=described, short_help=manual.partition(".")[0] + ".")
    @click.argument("target", required=False, metavar=f"[{first.upper()}]")
    @click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="A setting, its value as in relight.yaml. May be given again.",
    )
    @_kit_option
    def command(
        target: str | None, settings: Sequence[str], folder: Path, *, as_json: bool
    ) -> None:
        from relight.wiring.look import written_probe

        written = [] if target is None else [(first, _quoted(target))]
        for each in settings:
            key, equals, value = each.partition("=")
            if not equals:
                msg = f"`{each}` is not a setting. Write --set KEY=VALUE, like --set timeout=5s."
                raise click.UsageError(msg)
            written.append((key, value))
        shown = f"{kind} {target or ''}".rstrip()
        _run(lambda: written_probe(kind, written, kit=folder), shown, folder, as_json=as_json)

    return command


def _quoted(text: str) -> str:
    """Write a target so that YAML takes it as it stands."""
    return msgspec.json.encode(text).decode()


def _example(kind: str, plug: type[Probe]) -> str:
    """Write the kind's example as a command line."""
    words = [f"relight try probe {kind}"]
    for index, (name, value) in enumerate(plug.EXAMPLE.items()):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if name.endswith("_s") and isinstance(value, int | float):
            name, text = name.removesuffix("_s"), f"{value:g}s"  # noqa: PLW2901
        words.append(quote(text) if index == 0 else f"--set {quote(f'{name}={text}')}")
    return " \\\n  ".join(words)


def _run(read: Callable[[], Plugged], shown: str, kit: Path, *, as_json: bool) -> None:
    from relight.wiring.look import NotFoundOut, look

    try:
        result = asyncio.run(look(read(), kit=kit))
    except NotFoundOut as error:
        sentence = f"{error} {error.hint}".strip()
        tried = Tried(probe=shown, ok=None, reason=sentence)
        say(as_json, tried, lambda: click.echo(f"Not found out: {sentence}"))
        sys.exit(UNKNOWN)
    except RelightError as error:
        tell(error)
        sys.exit(WRONG)
    tried = Tried(
        probe=shown,
        ok=result.ok,
        reason=result.reason,
        took_s=result.took_s,
        phases=result.phases,
        evidence=dict(result.evidence),
    )
    say(as_json, tried, lambda: click.echo(_words(result)))
    if not result.ok:
        sys.exit(NO)


def _words(result: Result) -> str:
    """Write the answer first, then where the time went, then the evidence."""
    lines = [f"{'Good' if result.ok else 'Bad'}: {result.reason}.", ""]
    lines += bars(result.phases or Phases(total=result.took_s))
    widest = max((len(name) for name, _ in result.evidence), default=0)
    if result.evidence:
        lines += ["", *(f"{name:<{widest}}  {value}" for name, value in result.evidence)]
    return "\n".join(lines)
