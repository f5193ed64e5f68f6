"""`sluice check`: its options."""
# ruff: noqa: PLC0415 - the clients take half a second to import; `--help` must not

from pathlib import Path

import click

from sluice.cli.durations import DURATION
from sluice.cli.options import Settings, shared_options


@click.command()
@shared_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Rollouts of all namespaces.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "short"], case_sensitive=False),
    default="table",
    help="How to write the answer. Default: table.",
)
@click.option("--wait", type=DURATION, default="0s", help="Repeat until all pass, this long.")
@click.option("--operator-namespace", default="sluice-system", help="Default: sluice-system.")
@click.option(
    "--prometheus-url",
    envvar="SLUICE_PROMETHEUS_URL",
    default="",
    help="Prometheus as seen from here. Default: $SLUICE_PROMETHEUS_URL.",
)
@click.option(
    "--prometheus-credentials",
    envvar="SLUICE_PROMETHEUS_CREDENTIALS",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory with `token`, or `username` and `password`.",
)
@click.option(
    "--scrape-interval",
    type=DURATION,
    envvar="SLUICE_SCRAPE_INTERVAL",
    default="15s",
    help="How often Prometheus scrapes. Default: 15s.",
)
@click.pass_context
def check(  # noqa: PLR0913 - one parameter for each option
    context: click.Context,
    *,
    all_namespaces: bool,
    output: str,
    wait: float,
    operator_namespace: str,
    prometheus_url: str,
    prometheus_credentials: Path | None,
    scrape_interval: float,
) -> None:
    """Check that a rollout has all it needs.

    Every failure has a line that says what to do. Exit 0 if nothing failed, 1 if something did.
    """
    from sluice.cli.check.showing import Form, Scope, check_all

    scope = Scope(
        everywhere=all_namespaces,
        operator_namespace=operator_namespace,
        prometheus_url=prometheus_url,
        prometheus_credentials=prometheus_credentials,
        scrape_seconds=scrape_interval,
        wait_seconds=wait,
    )
    check_all(Settings.of(context), scope, Form(output))
