"""The two versions as metrics know them, and the data of an objective for both."""

from collections.abc import Mapping

from sluice.analysis.slo import SloData
from sluice.model.cluster import ReplicaSet
from sluice.model.metrics import MetricAnswer, MetricQuery
from sluice.rollout.objectives import SloSpec
from sluice.rollout.scene import Own, Scene
from sluice.rollout.selector import Arm
from sluice.rollout.sources import Arms, slo_data


def arms_of(own: Own, canary_sets: tuple[ReplicaSet, ...]) -> Arms:
    """Return both arms of a rollout."""
    namespace, port = own.meta.ref.namespace, own.spec.port
    names = tuple(sorted(item.meta.ref.name for item in canary_sets))
    stable = (own.status.stable_replica_set,) if own.status.stable_replica_set else ()
    return Arms(
        canary=Arm(namespace, own.canary_service.name, port, names),
        stable=Arm(namespace, own.service.name, port, stable),
    )


def data_of(scene: Scene, slo: SloSpec) -> SloData:
    """Return what is known of an objective for both versions."""
    answers: Mapping[MetricQuery, MetricAnswer] = scene.observation.answers
    return slo_data(slo, arms_of(scene.own, scene.canary_sets), answers)
