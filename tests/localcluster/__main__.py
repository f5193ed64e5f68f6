"""The command line: python -m tests.localcluster up | down | status | logs | env | ..."""

import os
import sys
from pathlib import Path

import click

from tests.localcluster.down import down_steps
from tests.localcluster.facts import facts, shell_lines
from tests.localcluster.locking import exclusive
from tests.localcluster.operator_image import load_operator
from tests.localcluster.places import places
from tests.localcluster.state import read_state
from tests.localcluster.status import missing_for_a_node, report
from tests.localcluster.steps import SetupError, StepFailedError, run_steps, tail
from tests.localcluster.up import up


@click.group()
def main() -> None:
    """A real Kubernetes on this machine, without Docker."""


@main.command("up")
@click.option("--control-plane-only", is_flag=True, help="No node, no root needed.")
def up_command(*, control_plane_only: bool) -> None:
    """Build what is not built, start what is not running, wait until all is ready."""
    if os.geteuid() != 0 and not control_plane_only:
        click.echo("Not root: control plane only. Tests that need pods will be skipped.")
    here = places()
    with exclusive(here):
        up(here, control_plane_only=control_plane_only or os.geteuid() != 0)


@main.command("down")
def down_command() -> None:
    """End the cluster and leave nothing of it but the cache of programs."""
    here = places()
    with exclusive(here):
        run_steps(down_steps(here))


@main.command("status")
def status_command() -> None:
    """Tell what runs and what is missing; exit 1 unless the cluster is healthy."""
    here = places()
    state = read_state(here)
    click.echo(report(here, state))
    for sentence in missing_for_a_node():
        click.echo(sentence)
    sys.exit(0 if state.is_healthy else 1)


@main.command("logs")
@click.argument("name", required=False)
@click.option("--lines", default=50, show_default=True)
def logs_command(name: str | None, lines: int) -> None:
    """Show the end of a program's log, or say where the logs are."""
    here = places()
    found = sorted((*here.logs.glob("*.log"), *here.build_logs.glob("*.log")))
    if name is None:
        for log in found:
            click.echo(f"{log.stem:<24} {log.stat().st_size:>10} bytes  {log}")
        return
    chosen = [log for log in found if log.stem == name]
    if not chosen:
        known = ", ".join(log.stem for log in found) or "none"
        raise click.ClickException(f"no log of {name!r}; there are: {known}")
    click.echo(tail(chosen[0], lines))


@main.command("env")
def env_command() -> None:
    """Print shell lines for `eval`: KUBECONFIG, PATH and the URLs."""
    here = places()
    state = read_state(here)
    if not state.is_healthy:
        raise click.ClickException("the cluster is not up: run `up` first")
    click.echo(shell_lines(facts(here, state)))


@main.command("load-operator")
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--lock",
    default="requirements.lock",
    show_default=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The run-time dependencies, with hashes.",
)
def load_operator_command(wheel: Path, lock: Path) -> None:
    """Make the operator's image of a wheel and give it to the cluster."""
    here = places()
    with exclusive(here):
        load_operator(wheel, lock, here)


if __name__ == "__main__":
    try:
        main(prog_name="python -m tests.localcluster")
    except (SetupError, StepFailedError, ValueError) as error:
        click.echo(f"\n{error}", err=True)
        sys.exit(1)
