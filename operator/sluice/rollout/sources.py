"""From an objective to metric queries for either version, and from their answers to its data.

Names and labels of the presets' metrics are those of Traefik 3 (a backend of the Gateway API is
the service `<namespace>-<service>-http-<port>@kubernetesgateway`) and podinfo 6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from sluice.analysis.slo import ArmData, Measure, Slo, SloData
from sluice.model.metrics import MetricAnswer, MetricQuery
from sluice.rollout.objectives import (
    Bound,
    ErrorRate,
    ErrorSelectors,
    HistogramSelector,
    Latency,
    Preset,
    SloSpec,
)
from sluice.rollout.selector import Arm, Matcher, Selector

_SERVER_ERROR = '"5.."'

# In every scrape of a Traefik from its first second, whatever it serves.
_TRAEFIK_WITNESS = Selector("traefik_config_reloads_total", ())

# podinfo's http_requests_total has no label that tells requests from probes and scrapes, its
# histogram has: so its requests are counted there.
_PODINFO_HISTOGRAM = "http_request_duration_seconds"
_PODINFO_PODS = (Matcher("namespace", "=", '"$namespace"'), Matcher("pod", "=~", '"$pods"'))
_PODINFO_REQUESTS = (*_PODINFO_PODS, Matcher("path", "!~", '"healthz|readyz|metrics"'))


@dataclass(frozen=True, slots=True)
class ArmQueries:
    """What is asked for one version.

    total: all requests. part: the failed ones, or all buckets of the histogram.
    scrapes: a series of each target that is there in every successful scrape, None if unknown.
    """

    total: MetricQuery
    part: MetricQuery
    scrapes: MetricQuery | None

    @property
    def all(self) -> tuple[MetricQuery, ...]:
        """The queries in a fixed order."""
        return (self.total, self.part, *((self.scrapes,) if self.scrapes else ()))


@dataclass(frozen=True, slots=True)
class Arms:
    """The two versions that are compared."""

    canary: Arm
    stable: Arm


def arm_queries(slo: SloSpec, arm: Arm) -> ArmQueries:
    """Return what is asked for one version of an objective."""
    total, part, scrapes = _selectors(slo, arm)
    return ArmQueries(
        total=MetricQuery(total.render(arm)),
        part=MetricQuery(part.render(arm)),
        scrapes=MetricQuery(scrapes.render(arm)) if scrapes else None,
    )


def slo_queries(slo: SloSpec, arms: Arms) -> tuple[MetricQuery, ...]:
    """Return everything that is asked for an objective, each query once."""
    both = (*arm_queries(slo, arms.canary).all, *arm_queries(slo, arms.stable).all)
    return tuple(dict.fromkeys(both))


def slo_data(slo: SloSpec, arms: Arms, answers: Mapping[MetricQuery, MetricAnswer]) -> SloData:
    """Return the answers as an objective's data; a query that was never answered is empty.

    A witness of scrapes without a single series for either version is none: the pod label of the
    user's metric is then not one of the scrape target.
    """
    canary, stable = arm_queries(slo, arms.canary), arm_queries(slo, arms.stable)
    witnesses = [answers.get(query) for query in (canary.scrapes, stable.scrapes) if query]
    witnessed = any(answer.series for answer in witnesses if answer)
    return SloData(
        canary=_arm_data(canary, answers, witnessed=witnessed),
        stable=_arm_data(stable, answers, witnessed=witnessed),
    )


def analysis_slo(slo: SloSpec) -> Slo:
    """Return the objective as the analysis judges it."""
    measure, max_share, bound_seconds = _judged(slo.bound)
    pod_label = _pod_label(slo)
    return Slo(
        name=slo.name,
        critical=slo.critical,
        measure=measure,
        max_share=max_share,
        max_ratio=slo.bound.max_ratio,
        bound_seconds=bound_seconds,
        per_backend=not pod_label,
        pod_label=pod_label,
    )


def _judged(bound: Bound) -> tuple[Measure, float, float | None]:
    """Return what makes a request bad, the share that may be, and the seconds of a slow one."""
    match bound:
        case ErrorRate(max_share=share):
            return Measure.ERRORS, share, None
        case Latency(quantile=quantile, max_seconds=seconds):
            # Rounded: 1 - 0.99 is not 0.01 in binary, and the share stands in messages.
            return Measure.LATENCY, round(1 - quantile, 9), seconds
        case _:
            assert_never(bound)


def _pod_label(slo: SloSpec) -> str:
    """Return the label with the names of pods, empty for counters of a gateway."""
    match slo.source:
        case Preset.TRAEFIK:
            return ""
        case Preset.PODINFO:
            return "pod"
        case ErrorSelectors(total=selector) | HistogramSelector(histogram=selector):
            return selector.pod_label
        case _:
            assert_never(slo.source)


def _selectors(slo: SloSpec, arm: Arm) -> tuple[Selector, Selector, Selector | None]:
    """Return the selectors of total, part and scrapes."""
    match slo.source:
        case Preset.TRAEFIK:
            return (*_traefik(slo, arm), _TRAEFIK_WITNESS)
        case Preset.PODINFO:
            return (*_podinfo(slo), Selector("up", _PODINFO_PODS))
        case ErrorSelectors(bad, total):
            return total, bad, _own_witness(total)
        case HistogramSelector(histogram):
            return (*_histogram(histogram), _own_witness(histogram))
        case _:
            assert_never(slo.source)


def _traefik(slo: SloSpec, arm: Arm) -> tuple[Selector, Selector]:
    # Traefik joins the words of the parts by single dashes, whatever stood between them.
    words = re.sub("[^a-z0-9]+", "-", f"{arm.namespace}-{arm.service}-http")
    backend = f'"{words}-{arm.port or "[0-9]+"}@kubernetesgateway"'
    matchers = (Matcher("service", "=~", backend),)
    if isinstance(slo.bound, Latency):
        return _histogram(Selector("traefik_service_request_duration_seconds", matchers))
    return _errors(Selector("traefik_service_requests_total", matchers), "code")


def _podinfo(slo: SloSpec) -> tuple[Selector, Selector]:
    histogram = Selector(_PODINFO_HISTOGRAM, _PODINFO_REQUESTS)
    if isinstance(slo.bound, Latency):
        return _histogram(histogram)
    return _errors(histogram.series("_count"), "status")


def _errors(total: Selector, label: str) -> tuple[Selector, Selector]:
    failed = Matcher(label, "=~", _SERVER_ERROR)
    return total, Selector(total.metric, (*total.matchers, failed))


def _histogram(base: Selector) -> tuple[Selector, Selector]:
    return base.series("_count"), base.series("_bucket")


def _own_witness(selector: Selector) -> Selector | None:
    return None if selector.per_backend else selector.of_targets()


def _arm_data(
    queries: ArmQueries, answers: Mapping[MetricQuery, MetricAnswer], *, witnessed: bool
) -> ArmData:
    empty = MetricAnswer()
    return ArmData(
        total=answers.get(queries.total, empty),
        part=answers.get(queries.part, empty),
        scrapes=answers.get(queries.scrapes, empty) if queries.scrapes and witnessed else None,
    )
