"""A Rollout and what belongs to it: its Deployments, their ReplicaSets, and the pods of those."""

from collections.abc import Iterable
from dataclasses import dataclass

from sluice.cli.views.overview import Overview
from sluice.model import names
from sluice.model.cluster import Deployment, Pod, ReplicaSet
from sluice.model.cluster.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Family:
    """What was found around a Rollout, from lists of its namespace.

    canaries: canary Deployments, of the current and of a rejected version.
    """

    rollout: Overview
    target: Deployment | None
    canaries: tuple[Deployment, ...]
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]

    def sets_of(self, deployment: Deployment) -> tuple[ReplicaSet, ...]:
        """Return the ReplicaSets of a Deployment that have pods, or are meant to."""
        owned = [s for s in self.replica_sets if _owned(s.meta, deployment.meta)]
        return tuple(s for s in owned if s.replicas or s.total_replicas)

    def pods_of(self, replica_set: ReplicaSet) -> tuple[Pod, ...]:
        """Return the pods of a ReplicaSet."""
        return tuple(pod for pod in self.pods if _owned(pod.meta, replica_set.meta))


def family_of(
    rollout: Overview,
    deployments: Iterable[Deployment],
    replica_sets: Iterable[ReplicaSet],
    pods: Iterable[Pod],
) -> Family:
    """Pick a Rollout's family out of the objects of its namespace, sorted by name."""
    near = sorted(deployments, key=_name)
    return Family(
        rollout=rollout,
        target=next((d for d in near if d.meta.ref.name == rollout.target), None),
        canaries=tuple(d for d in near if _is_canary(d, rollout)),
        replica_sets=tuple(sorted(replica_sets, key=_name)),
        pods=tuple(sorted(pods, key=_name)),
    )


def _is_canary(deployment: Deployment, rollout: Overview) -> bool:
    labels = deployment.meta.labels
    mine = labels.get(names.OWNER_UID_LABEL) == rollout.uid
    return mine and labels.get(names.ROLE_LABEL) == names.ROLE_CANARY


def _owned(child: Metadata, parent: Metadata) -> bool:
    return any(owner.uid == parent.uid for owner in child.owners)


def _name(item: Deployment | ReplicaSet | Pod) -> str:
    return item.meta.ref.name
