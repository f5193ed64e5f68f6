"""What stable did before the rollout: how unevenly bad requests fall on pods that are equal.

It is taken once, in the transition that sends the canary its first request, and persisted with it:
so evidence is the same after a restart. History that has not been read by then is not waited for.
"""

from collections.abc import Mapping

from sluice.analysis.overdispersion import overdispersion
from sluice.model.metrics import MetricQuery
from sluice.rollout.arms import data_of
from sluice.rollout.objectives import SloSpec
from sluice.rollout.phases import Stage
from sluice.rollout.scene import Own, Scene
from sluice.rollout.sources import Arms, analysis_slo, arm_queries

_BEFORE_TRAFFIC = frozenset({Stage.CREATING, Stage.SCALING})


def history_queries(own: Own, arms: Arms) -> frozenset[MetricQuery]:
    """Return the queries of which the time before the rollout is needed as well."""
    # Every step has a Scaling; only that of the first has seen no traffic yet.
    if own.status.stage not in _BEFORE_TRAFFIC or own.status.started_at is not None:
        return frozenset()
    return frozenset(query for slo in _in_pods(own) for query in arm_queries(slo, arms.stable).all)


def overdispersion_of(scene: Scene) -> Mapping[str, float]:
    """Return phi by the name of each SLO that is counted in pods.

    Four digits, so that no server on the way rewrites the number.
    """
    found = {
        slo.name: overdispersion(
            analysis_slo(slo), data_of(scene, slo).stable, scene.scrape_seconds
        )
        for slo in _in_pods(scene.own)
    }
    return {name: float(f"{phi:.4g}") for name, phi in found.items()}


def _in_pods(own: Own) -> tuple[SloSpec, ...]:
    """Return the SLOs that are counted in pods: a gateway cannot tell the pods apart."""
    return tuple(slo for slo in own.spec.analysis.slos if not analysis_slo(slo).per_backend)
