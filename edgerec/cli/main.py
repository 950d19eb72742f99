"""`edgerec`: the group of commands, each imported only when it runs, and the one place where errors end."""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from converters.errors import ConverterError
from device_tests.errors import HarnessError
from edgerec.cli import interruption
from edgerec.cli.commands import COMMANDS
from edgerec.cli.interruption import Interrupted
from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean

BROKEN_PIPE = 141


class LazyGroup(click.Group):
    """A group that knows its commands' names and help, and imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's own signature
        """Give the names in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as above
        """Import the command of this name, or give None."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or say which one was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}; `edgerec --help` lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])


def _show_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib import metadata  # noqa: PLC0415  takes longer than all the rest of `--help`

        click.echo(f"edgerec {metadata.version('edgerec')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
)
@click.option("--traceback", is_flag=True, help="Show where in the code an error came from.")
def group(*, traceback: bool) -> None:
    """Make a trained Keras recommender small, and prove it on the runtime that ships.

    Exit codes: 0 held, 1 a budget or check missed or unproven, 2 bad input or usage; 130 interrupted by Ctrl-C, 143
    terminated.
    """
    del traceback  # asked of the context by run(), when there is an error to show


def _show_usage_error(error: click.ClickException) -> None:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    click.echo(f"error: {error.format_message()}", err=True)


def main() -> None:
    """Run the command line on the process's arguments and end the process with its exit code."""
    interruption.unwind()
    code = run(sys.argv[1:])
    interruption.ignore()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code; a refusal is one line on stderr."""
    if "_EDGEREC_COMPLETE" in os.environ:
        group.main(args=list(arguments), prog_name="edgerec", complete_var="_EDGEREC_COMPLETE")
    context: click.Context | None = None
    try:
        with group.make_context("edgerec", list(arguments) or ["--help"]) as context:
            outcome = group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        _show_usage_error(error)
        return error.exit_code
    except (EdgerecError, HarnessError, ConverterError) as error:
        from edgerec.report.console import error_text  # noqa: PLC0415  `--help` does without

        if context is not None and context.params["traceback"]:
            import traceback  # noqa: PLC0415

            traceback.print_exception(error)
        click.echo(f"error: {error_text(error)}", err=True)
        return int(getattr(error, "exit_code", EdgerecError.exit_code))
    except (KeyboardInterrupt, click.Abort) as ended:
        stopped = ended if isinstance(ended, Interrupted) else Interrupted()
        click.echo(stopped.word, err=True)
        return stopped.exit_code
    except BrokenPipeError:
        # Whoever read the output has enough; without this Python complains once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return outcome if isinstance(outcome, int) else 0
