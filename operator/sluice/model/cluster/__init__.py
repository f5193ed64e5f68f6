"""Projections: what Sluice knows of a foreign object, and nothing else of it.

The cache keeps these instead of whole objects; a field is here because some room reads it.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sluice.model.cluster.bookkeeping import ConfigMap, Lease
from sluice.model.cluster.controllers import DaemonSet, Job, StatefulSet
from sluice.model.cluster.metadata import Metadata, Owner
from sluice.model.cluster.pods import Containers, Crash, Ending, GateCondition, Pod
from sluice.model.cluster.policies import (
    Autoscaler,
    DisruptionBudget,
    LabelSelector,
    NetworkPolicy,
    PodMonitor,
    Requirement,
)
from sluice.model.cluster.rollouts import RolloutSummary
from sluice.model.cluster.storage import VolumeClaim
from sluice.model.cluster.traffic import (
    Backend,
    EndpointSlice,
    HttpRoute,
    ParentStatus,
    RouteRule,
    Service,
    ServicePort,
)
from sluice.model.cluster.workloads import Deployment, ReplicaSet
from sluice.model.json import Body
from sluice.model.references import (
    AUTOSCALERS,
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    DISRUPTIONBUDGETS,
    ENDPOINTSLICES,
    HTTPROUTES,
    JOBS,
    LEASES,
    NETWORKPOLICIES,
    PERSISTENTVOLUMECLAIMS,
    PODMONITORS,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SERVICES,
    STATEFULSETS,
    Resource,
)

Projection: TypeAlias = (
    Deployment
    | StatefulSet
    | DaemonSet
    | Job
    | ReplicaSet
    | Pod
    | Service
    | EndpointSlice
    | HttpRoute
    | NetworkPolicy
    | Autoscaler
    | DisruptionBudget
    | PodMonitor
    | VolumeClaim
    | RolloutSummary
    | ConfigMap
    | Lease
)

PROJECTIONS: Mapping[Resource, Callable[[Body], Projection]] = {
    DEPLOYMENTS: Deployment.from_body,
    STATEFULSETS: StatefulSet.from_body,
    DAEMONSETS: DaemonSet.from_body,
    JOBS: Job.from_body,
    REPLICASETS: ReplicaSet.from_body,
    PODS: Pod.from_body,
    SERVICES: Service.from_body,
    ENDPOINTSLICES: EndpointSlice.from_body,
    HTTPROUTES: HttpRoute.from_body,
    NETWORKPOLICIES: NetworkPolicy.from_body,
    AUTOSCALERS: Autoscaler.from_body,
    DISRUPTIONBUDGETS: DisruptionBudget.from_body,
    PODMONITORS: PodMonitor.from_body,
    PERSISTENTVOLUMECLAIMS: VolumeClaim.from_body,
    ROLLOUTS: RolloutSummary.from_body,
    CONFIGMAPS: ConfigMap.from_body,
    LEASES: Lease.from_body,
}

__all__ = [
    "PROJECTIONS",
    "Autoscaler",
    "Backend",
    "ConfigMap",
    "Containers",
    "Crash",
    "DaemonSet",
    "Deployment",
    "DisruptionBudget",
    "Ending",
    "EndpointSlice",
    "GateCondition",
    "HttpRoute",
    "Job",
    "LabelSelector",
    "Lease",
    "Metadata",
    "NetworkPolicy",
    "Owner",
    "ParentStatus",
    "Pod",
    "PodMonitor",
    "Projection",
    "ReplicaSet",
    "Requirement",
    "RolloutSummary",
    "RouteRule",
    "Service",
    "ServicePort",
    "StatefulSet",
    "VolumeClaim",
]
