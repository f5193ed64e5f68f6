"""Names of things in the cluster: resources, objects, and the keys of our own objects."""

from dataclasses import dataclass
from typing import Final

GROUP = "sluice.dev"
VERSION = "v1alpha1"


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """An API resource: where the API server serves it and what its objects are called."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """The text of `apiVersion` in its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """The URL path under which the API server serves the group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMONSETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
JOBS = Resource("batch", "v1", "jobs", "Job")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
ENDPOINTSLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
HTTPROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
NETWORKPOLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
DISRUPTIONBUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
PERSISTENTVOLUMECLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
PODMONITORS = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
ROLLOUTS = Resource(GROUP, VERSION, "rollouts", "Rollout")
STARTUPGRAPHS = Resource(GROUP, VERSION, "startupgraphs", "StartupGraph")

# What belongs to others and need not be installed: while it is not served, there are none.
OPTIONAL: Final = frozenset({PODMONITORS})


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """One object of the cluster; what Sluice reads always lives in a namespace."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """The URL path of the object."""
        collection = f"{self.resource.root}/namespaces/{self.namespace}/{self.resource.plural}"
        return f"{collection}/{self.name}"
