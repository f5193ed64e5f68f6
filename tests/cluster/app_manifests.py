"""The application under test: one web server in two versions behind a Service and a route."""

from dataclasses import dataclass, field
from typing import Final

from sluice.model.json import JsonObject

IMAGE: Final = "docker.io/local/faulty:dev"
NAME: Final = "shop"
PORT: Final = 8080
READY: Final = ""  # the fault of a version without one

# Short enough to be watched, long enough for a verdict at 10 canary requests a second.
QUICK: Final[JsonObject] = {
    "slos": [
        {"name": "errors", "errorRate": {"max": "1%"}, "source": {"preset": "traefik"}},
        {"name": "latency", "latency": {"max": "1s"}, "source": {"preset": "traefik"}},
    ],
    "minDuration": "5s",
    "maxDuration": "10s",
    "minRequests": 5,
    "warmup": "2s",
}
STEPS: Final = ({"weight": 10}, {"weight": 50})


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the application. fault: the query of its /fault that it starts with."""

    name: str
    fault: str = READY


@dataclass(frozen=True, slots=True)
class Plan:
    """How the application is rolled out. spec: what differs from the quick spec of these tests.

    pod_seconds: how long the Deployment's own roll takes for each pod at the least; a test that
    does something while the Deployment rolls needs a roll that is not over before it is seen.
    """

    replicas: int = 2
    pod_seconds: int = 0
    steps: tuple[JsonObject, ...] = STEPS
    analysis: JsonObject = field(default_factory=dict)
    spec: JsonObject = field(default_factory=dict)


def template(version: Version) -> JsonObject:
    """Return the pod template of a version."""
    ready: JsonObject = {"httpGet": {"path": "/readyz", "port": PORT}, "periodSeconds": 1}
    container: JsonObject = {
        "name": NAME,
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [
            {"name": "VERSION", "value": version.name},
            {"name": "FAULT", "value": version.fault},
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": ready,
        # The gateway hears of a pod's end after the pod does, on two busy processors by seconds.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
    }
    annotations: JsonObject = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(PORT),
        "prometheus.io/path": "/metrics",
    }
    return {
        "metadata": {"labels": {"app": NAME}, "annotations": annotations},
        "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]},
    }


def deployment(version: Version, plan: Plan) -> JsonObject:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": plan.replicas,
            "minReadySeconds": plan.pod_seconds,
            "selector": {"matchLabels": {"app": NAME}},
            "template": template(version),
        },
    }


def service() -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME},
        "spec": {
            "selector": {"app": NAME},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }


def route(host: str) -> JsonObject:
    rule: JsonObject = {
        "name": "all",
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": NAME, "port": 80}],
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": NAME},
        "spec": {
            "parentRefs": [{"name": "gateway", "namespace": "gateway"}],
            "hostnames": [host],
            "rules": [rule],
        },
    }


def rollout(plan: Plan) -> JsonObject:
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME},
        "spec": {
            "targetRef": {"name": NAME},
            "service": {"name": NAME},
            "traffic": {"gatewayAPI": {"httpRoutes": [{"name": NAME}]}},
            "steps": list(plan.steps),
            "analysis": {**QUICK, **plan.analysis},
            "bake": "5s",
            "drain": "2s",
            "progressDeadline": "40s",
            "verifyTimeout": "10s",
            **plan.spec,
        },
    }
