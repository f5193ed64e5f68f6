"""`sluice check`: its options."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from typing import Final

import click

from sluice.cli.check.forms import Form
from sluice.cli.durations import DURATION
from sluice.cli.lens import Lens, lens_options
from sluice.cli.options import Settings, shared_options

_OPERATOR_NAMESPACE: Final = "sluice-system"


@click.command()
@shared_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Objects of all namespaces.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(Form, case_sensitive=False),
    default=Form.TABLE,
    help="How to write the answer; short: only what is not well. Default: table.",
)
@click.option("--wait", type=DURATION, default="0s", help="Repeat until all pass, this long.")
@click.option(
    "--operator-namespace",
    default=_OPERATOR_NAMESPACE,
    help=f"Default: {_OPERATOR_NAMESPACE}.",
)
@lens_options
@click.pass_context
def check(
    context: click.Context,
    *,
    all_namespaces: bool,
    output: Form,
    wait: float,
    operator_namespace: str,
    lens: Lens,
) -> None:
    """Check that rollouts and startup graphs have all they need.

    Every failure has a line that says what to do. Exit 0 if nothing failed, 1 if something did.
    """
    from sluice.cli.check.showing import Scope, check_all

    scope = Scope(
        everywhere=all_namespaces,
        operator_namespace=operator_namespace,
        lens=lens,
        wait_seconds=wait,
    )
    check_all(Settings.of(context), scope, output)
