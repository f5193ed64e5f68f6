"""Through what metrics are seen from here: the options, the same in every command that looks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import click

from sluice.cli.durations import DURATION


@dataclass(frozen=True, slots=True)
class Lens:
    """Where Prometheus is and how it is asked; without a URL metrics stay unanswered.

    credentials: directory with `token`, or `username` and `password`, as the operator mounts it.
    """

    url: str
    credentials: Path | None
    scrape_seconds: float


def lens_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `Lens`; the command takes them as `lens: Lens`."""

    @wraps(command)
    def with_lens(
        *args: object,
        prometheus_url: str,
        prometheus_credentials: Path | None,
        scrape_interval: float,
        **options: object,
    ) -> None:
        lens = Lens(prometheus_url, prometheus_credentials, scrape_interval)
        command(*args, lens=lens, **options)

    for option in (
        click.option(
            "--scrape-interval",
            type=DURATION,
            envvar="SLUICE_SCRAPE_INTERVAL",
            default="15s",
            help="How often Prometheus scrapes, as the operator is told. Default: 15s.",
        ),
        click.option(
            "--prometheus-credentials",
            envvar="SLUICE_PROMETHEUS_CREDENTIALS",
            type=click.Path(path_type=Path, file_okay=False),
            help="Directory with `token`, or `username` and `password`.",
        ),
        click.option(
            "--prometheus-url",
            envvar="SLUICE_PROMETHEUS_URL",
            default="",
            help="Prometheus as seen from here. Default: $SLUICE_PROMETHEUS_URL.",
        ),
    ):
        with_lens = option(with_lens)
    return with_lens
