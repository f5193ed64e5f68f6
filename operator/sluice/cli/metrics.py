"""Prometheus as the command line needs it."""

from sluice.adapters.prometheus import Credentials, NoMetrics, Prometheus
from sluice.cli.exits import CommandError, Exit
from sluice.cli.lens import Lens


def opened_metrics(lens: Lens) -> Prometheus | NoMetrics:
    """Return what answers about metrics, to be closed; CommandError if the URL is none."""
    if not lens.url:
        return NoMetrics()
    try:
        return Prometheus(lens.url, credentials(lens))
    except ValueError as error:
        raise CommandError(Exit.USAGE, str(error)) from error


def credentials(lens: Lens) -> Credentials | None:
    """Return how we show who we are, None if nothing was given."""
    return Credentials(lens.credentials) if lens.credentials else None
