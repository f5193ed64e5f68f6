"""Whether each Rollout can be carried out, and measures what it means to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sluice.adapters.failures import NotFoundError
from sluice.adapters.prometheus import PrometheusError
from sluice.cli.check.findings import Finding, Row, failed, passed, skipped
from sluice.cli.check.site import Site
from sluice.model import names
from sluice.model.cluster import ReplicaSet
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.metrics import MetricQuery, Series
from sluice.model.references import REPLICASETS, ROLLOUTS
from sluice.model.scalars import format_duration
from sluice.rollout.arms import arms_of
from sluice.rollout.objectives import SloSpec
from sluice.rollout.scene import Own
from sluice.rollout.selector import Arm
from sluice.rollout.sources import arm_queries

_CATEGORY: Final = "Rollouts"
# Enough scrapes to see a counter, whatever the rhythm.
_SCRAPES: Final = 5
_LEAST_SECONDS: Final = 60.0


async def rows(site: Site) -> tuple[Row, ...]:
    """Return the rows of every Rollout in the namespaces that are checked."""
    try:
        found = await site.everywhere(ROLLOUTS)
    except NotFoundError:
        return ()
    return tuple(row for body in found for row in _rows_of(body.value))


def _rows_of(body: JsonObject) -> Iterator[Row]:
    meta = Body(body).body("metadata")
    name = f"{meta.text('namespace')}/{meta.text('name')}"
    yield Row(_CATEGORY, f"{name} is known to the operator", _Known(body))
    try:
        own = Own.from_body(Body(body))
    except (InvalidSpecError, MalformedError):
        return
    for slo in own.spec.analysis.slos:
        yield Row(_CATEGORY, f"{name} has samples for SLO {slo.name}", _Samples(own, slo))
        yield Row(_CATEGORY, f"{name} counts no probes in SLO {slo.name}", _Probes(own, slo))


@dataclass(frozen=True, slots=True)
class _Known:
    """The operator has read the newest spec and finds it sound."""

    body: JsonObject

    async def __call__(self, site: Site) -> Finding:
        del site
        body = Body(self.body)
        generation = body.whole("metadata", "generation", default=0)
        seen = body.whole("status", "observedGeneration", default=0)
        if seen < generation:
            sentence = f"spec is at generation {generation}, the operator has seen {seen}"
            return failed(sentence, "see whether an operator leads")
        try:
            Own.from_body(body)
        except (InvalidSpecError, MalformedError) as error:
            return failed(str(error), "correct the spec")
        return passed(body.text("status", "message", default="") or f"generation {generation}")


@dataclass(frozen=True, slots=True)
class _Samples:
    """The stable version's requests are seen in the metrics."""

    own: Own
    slo: SloSpec

    async def __call__(self, site: Site) -> Finding:
        if not self.own.status.stable.revision:
            return skipped("no stable version is known yet")
        query = arm_queries(self.slo, arms_of(self.own, ()).stable).total
        try:
            series = await _recent(site, query)
        except PrometheusError as error:
            return skipped(f"cannot be asked: {error}")
        if not series:
            fix = "send a request through the gateway; if that changes nothing, correct the source"
            window = format_duration(_window(site))
            return failed(f"no sample in {window} for {query.selector}", fix)
        return passed(f"{len(series)} series for {query.selector}")


@dataclass(frozen=True, slots=True)
class _Probes:
    """A canary that gets no traffic yet counts no requests: probes and scrapes are left out."""

    own: Own
    slo: SloSpec

    async def __call__(self, site: Site) -> Finding:
        status = self.own.status
        if not status.canary.ready or status.weight or status.actual_weight:
            return skipped("no canary pod is ready at weight 0, so that it could be told")
        query = arm_queries(self.slo, await self._canary(site)).total
        try:
            series = await _recent(site, query)
        except PrometheusError as error:
            return skipped(f"cannot be asked: {error}")
        requests = sum(item.values[-1] - item.values[0] for item in series)
        if requests > 0:
            window = format_duration(_window(site))
            sentence = f"{requests:.0f} requests in {window} at weight 0, {query.selector}"
            return failed(sentence, "exclude probes and scrapes by a label")
        return passed(f"0 requests at weight 0, {query.selector}")

    async def _canary(self, site: Site) -> Arm:
        labels = {
            names.ROLLOUT_LABEL: self.own.meta.ref.name,
            names.ROLE_LABEL: names.ROLE_CANARY,
            names.REVISION_LABEL: self.own.status.canary.revision,
        }
        mine = ",".join(f"{key}={value}" for key, value in labels.items())
        near = replace(site, namespace=self.own.meta.ref.namespace)
        found = await near.everywhere(REPLICASETS, mine)
        return arms_of(self.own, tuple(ReplicaSet.from_body(body) for body in found)).canary


async def _recent(site: Site, query: MetricQuery) -> tuple[Series, ...]:
    now = site.clock.now()
    found = await site.metrics.samples(query, now - _window(site), now)
    return tuple(series for series in found if series.values)


def _window(site: Site) -> float:
    return max(_LEAST_SECONDS, _SCRAPES * site.scrape_seconds)
