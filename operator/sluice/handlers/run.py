"""`sluice run`: the operator's process."""

import logging
import socket
import sys
from pathlib import Path
from typing import TypedDict, Unpack

import click
from pythonjsonlogger.json import JsonFormatter

from sluice.model.scalars import parse_duration

_FORMATS = ("text", "json")
_JSON_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_TEXT = "%(asctime)s %(levelname).1s %(name)s: %(message)s"


class _Options(TypedDict):
    """The options that are settings as they stand."""

    kubeconfig: Path | None
    context: str | None
    namespace: str
    prometheus_url: str
    prometheus_credentials: Path | None
    probe_hosts: tuple[str, ...]
    listen: str
    workers: int
    leader_election: bool


def _seconds(_: click.Context, parameter: click.Parameter, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command("run", context_settings={"auto_envvar_prefix": "SLUICE", "show_default": True})
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Default: the pod's account.")
@click.option("--context", help="Context of the kubeconfig.")
@click.option(
    "--namespace",
    default="sluice-system",
    envvar=["SLUICE_NAMESPACE", "POD_NAMESPACE"],
    help="Where the Lease lives.",
)
@click.option(
    "--identity",
    default=socket.gethostname,
    show_default="the host's name",
    envvar=["SLUICE_IDENTITY", "POD_NAME"],
    help="This replica's name in the Lease.",
)
@click.option("--prometheus-url", default="", help="Such as http://prometheus.monitoring:9090.")
@click.option(
    "--prometheus-credentials",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory with `token`, or `username` and `password`.",
)
@click.option(
    "--scrape-interval",
    default="15s",
    callback=_seconds,
    help="How often Prometheus scrapes the workloads and the gateway.",
)
@click.option(
    "--probe-host",
    "probe_hosts",
    multiple=True,
    help="A host that gates may ask besides Services of their namespace; .example.com: all below.",
)
@click.option("--listen", default=":8080", help="Address of /healthz, /readyz and /metrics.")
@click.option("--workers", default=16, type=click.IntRange(1, 256), help="Passes at a time.")
@click.option("--log-format", default="text", type=click.Choice(_FORMATS), help="Log lines as.")
@click.option("--leader-election/--no-leader-election", default=True, help="Lead by a Lease.")
def run_command(
    identity: str, scrape_interval: float, log_format: str, **options: Unpack[_Options]
) -> None:
    """Run the operator until SIGTERM; every option is also a variable SLUICE_<OPTION>."""
    from sluice.app import Settings, run  # noqa: PLC0415 - `--help` must not load the operator

    _log_to_stderr(log_format)
    sys.exit(run(Settings(identity=identity, scrape_interval_seconds=scrape_interval, **options)))


def _log_to_stderr(log_format: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(_JSON_FIELDS) if log_format == "json" else logging.Formatter(_TEXT)
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Kopf says of every event that it has been handled; ours say what came of it.
    logging.getLogger("kopf").setLevel(logging.WARNING)
