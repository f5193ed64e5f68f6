"""`sluice`, and `kubectl sluice`: the entry point and the commands at the top."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs: `--help` answers at once

import os
import sys
from importlib.metadata import version as version_of
from io import TextIOWrapper
from pathlib import PurePath

import click

from sluice.cli.check.command import check
from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph.commands import graph
from sluice.cli.options import shared_options
from sluice.cli.rollout.commands import rollout

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
@shared_options
def root() -> None:
    """Sluice lets a change into production gate by gate, and shuts at once when numbers say so."""


root.add_command(rollout)
root.add_command(graph)
root.add_command(check)


@root.command()
def version() -> None:
    """Show the version of this program."""
    click.echo(f"sluice {version_of('sluice')}")


@root.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the operator: what its container does."""
    from sluice.handlers.run import run_command

    run_command.main(list(arguments), prog_name=context.command_path, standalone_mode=False)


def main() -> None:
    """Run the command line of this process and end it with the right code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode still gets the rest
    sys.exit(outcome(sys.argv[1:], program(sys.argv[0])))


def program(called: str) -> str:
    """Return how the user called us: kubectl hides that its plugins are programs of their own."""
    name = PurePath(called).stem
    if name == "kubectl-sluice":
        return "kubectl sluice"
    return "python -m sluice" if name == "__main__" else name


def outcome(arguments: list[str], name: str) -> int:
    """Run a command line and return its exit code."""
    try:
        code = root.main(arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except CommandError as error:
        error.show()
        return error.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever reads us has seen enough (`| head`): nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.NEGATIVE
    except Exception as error:
        if os.environ.get("SLUICE_DEBUG"):
            raise
        click.echo(f"error: a fault in sluice: {type(error).__name__}: {error}", err=True)
        click.echo("fix:   report it, with what SLUICE_DEBUG=1 shows", err=True)
        return Exit.NEGATIVE
    return code if isinstance(code, int) else Exit.DONE
