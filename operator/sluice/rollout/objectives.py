"""The service level objectives of a Rollout: what is measured, how bad it may be, and where."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sluice.model.fields import InvalidSpecError, choice, positive_seconds
from sluice.model.json import Body
from sluice.rollout.fields import ratio, share
from sluice.rollout.selector import Selector, SelectorError

_ERRORS_EXAMPLE = 'http_requests_total{pod=~"$pods",status=~"5.."}'
_HISTOGRAM_EXAMPLE = 'http_request_duration_seconds{pod=~"$pods"}'
_SERIES_SUFFIXES = ("_bucket", "_count", "_sum")


class Preset(StrEnum):
    """Metrics that Sluice knows by name."""

    TRAEFIK = "traefik"
    PODINFO = "podinfo"


@dataclass(frozen=True, slots=True)
class ErrorSelectors:
    """Counters of failed and of all requests, of the same place: both per backend or per pod."""

    bad: Selector
    total: Selector


@dataclass(frozen=True, slots=True)
class HistogramSelector:
    """A classic histogram of durations in seconds, by its name without `_bucket`."""

    histogram: Selector


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """At most `max_share` (0..1) of the requests fail.

    max_ratio: how many times stable's share the canary's may be.
    """

    max_share: float
    max_ratio: float


@dataclass(frozen=True, slots=True)
class Latency:
    """At least the share `quantile` (0..1) of the requests is answered within `max_seconds`.

    max_ratio: how many times stable's share of slower requests the canary's may be.
    """

    quantile: float
    max_seconds: float
    max_ratio: float


Source: TypeAlias = Preset | ErrorSelectors | HistogramSelector
Bound: TypeAlias = ErrorRate | Latency


@dataclass(frozen=True, slots=True)
class SloSpec:
    """One objective; one that is not critical is reported and decides nothing."""

    name: str
    critical: bool
    bound: Bound
    source: Source

    @classmethod
    def from_body(cls, body: Body) -> "SloSpec":
        """Read an item of `spec.analysis.slos`; InvalidSpecError names what cannot be done."""
        bound = _bound(body)
        return cls(
            name=body.text("name"),
            critical=body.flag("critical"),
            bound=bound,
            source=_source(body.body("source"), bound),
        )


def _bound(body: Body) -> Bound:
    errors, latency = body.body("errorRate"), body.body("latency")
    if body.has("errorRate") == body.has("latency"):
        found = "both" if body.has("latency") else "neither"
        fault = "of errorRate and latency are there, one has to be"
        raise InvalidSpecError(body.path, found, fault, "errorRate: {max: 1%}")
    if body.has("errorRate"):
        return ErrorRate(share(errors, "max", "1%"), ratio(errors, "maxRatio"))
    return Latency(
        quantile=share(latency, "quantile", "99%"),
        max_seconds=positive_seconds(latency, "max", "500ms"),
        max_ratio=ratio(latency, "maxRatio"),
    )


def _source(body: Body, bound: Bound) -> Source:
    given = [name for name in ("preset", "bad", "total", "histogram") if body.has(name)]
    if given == ["preset"]:
        return choice(body, "preset", Preset)
    if isinstance(bound, ErrorRate):
        needed = "preset, or bad with total"
        if given == ["bad", "total"]:
            return _error_selectors(body)
    else:
        needed = "preset or histogram"
        if given == ["histogram"]:
            return _histogram(body)
    found, fault = f"has {', '.join(given) or 'nothing'}", f"and needs {needed}"
    raise InvalidSpecError(body.path, found, fault, "preset: traefik")


def _error_selectors(body: Body) -> ErrorSelectors:
    bad, total = _selector(body, "bad"), _selector(body, "total")
    if bad.per_backend != total.per_backend:
        fault = "counts at another place than total: one has $service, the other $pods"
        raise InvalidSpecError(f"{body.path}.bad", body.text("bad"), fault, _ERRORS_EXAMPLE)
    return ErrorSelectors(bad, total)


def _histogram(body: Body) -> HistogramSelector:
    histogram = _selector(body, "histogram")
    if histogram.metric.endswith(_SERIES_SUFFIXES):
        fault = "names one of the histogram's series"
        value = body.text("histogram")
        raise InvalidSpecError(f"{body.path}.histogram", value, fault, _HISTOGRAM_EXAMPLE)
    return HistogramSelector(histogram)


def _selector(body: Body, name: str) -> Selector:
    text = body.text(name)
    try:
        return Selector.parse(text)
    except SelectorError as error:
        example = _HISTOGRAM_EXAMPLE if name == "histogram" else _ERRORS_EXAMPLE
        raise InvalidSpecError(f"{body.path}.{name}", text, str(error), example) from error
