"""The door for people at a shell. Commands are imported only when they are called."""

import importlib
import sys
from typing import Any

import click

_COMMANDS = {
    "init": ("relight.cli.init", "Write a kit to begin with."),
    "check": ("relight.cli.check", "Check a kit and list every fault with its line."),
    "try": ("relight.cli.try_", "Run one probe now, and see where the time goes."),
    "up": ("relight.cli.up", "Watch, page and serve until stopped."),
    "demo": ("relight.cli.demo", "Stage a real outage on this machine and watch it handled."),
    "declare": ("relight.cli.declare", "Declare an incident by hand."),
    "incident": ("relight.cli.incident", "Look at incidents and work on them."),
    "oncall": ("relight.cli.oncall", "Tell who is on call, now and next."),
    "heartbeat": ("relight.cli.heartbeat", "See jobs that report in, and run one with reports."),
    "edge": ("relight.cli.edge", "Have customers' pages report how a service does there."),
    "intake": ("relight.cli.intake", "Look at senders outside and try what they send."),
    "vendor": ("relight.cli.vendor", "See what vendors say, and find those that are known."),
    "change": ("relight.cli.change", "Record and list what was changed."),
    "silence": ("relight.cli.silence", "Hold alerts back for a while."),
    "token": ("relight.cli.token", "Make and revoke API tokens."),
    "sign-in": ("relight.cli.sign_in", "Print a one-time link to sign in."),
    "vantage": ("relight.cli.vantage", "Invite other places to look from."),
    "probe-agent": ("relight.cli.probe_agent", "Look from here for a Relight elsewhere."),
    "agent": ("relight.cli.agent", "Tell a Relight elsewhere how this machine is."),
    "export": ("relight.cli.export", "Write everything that happened as JSON lines."),
}


class LazyGroup(click.Group):
    """Lists commands by a table and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them in the order of an outage, not of the alphabet."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), module.rpartition(".")[2])
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Answer an unknown command with the nearest one."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from relight.kernel.faults import did_you_mean

            msg = f"There is no command `{args[0]}`. {did_you_mean(args[0], _COMMANDS)}"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="relight", prog_name="relight")
def cli() -> None:
    """Carry a small team through an outage: detect, page, tell, recover, learn.

    Begin with `relight demo`, or `relight init DIR` and `relight up DIR`. Every command takes the
    kit folder as its last argument, or works in this one.
    """


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401 - click's own
    """Run a command line. Exit codes: 0 fine, 1 no, 2 used wrongly, 3 could not find out."""
    try:
        return cli.main(args=arguments, prog_name="relight", standalone_mode=False) or sys.exit(0)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the shell's own door: a person sees a sentence, never a traceback
        from relight.cli.door import tell

        sys.exit(tell(error))
