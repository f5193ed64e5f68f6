"""Objects as people and controllers write them, and as the API server then has them.

A manifest has no server-side metadata; `as_stored` adds what the API server would.
"""

from collections.abc import Mapping, Sequence

from sluice.model.json import Json, JsonObject
from tests.manifest_files import stored

NAMESPACE = "shop"
NAME = "checkout"
ROLLOUT_API, ROUTE_API = "sluice.dev/v1alpha1", "gateway.networking.k8s.io/v1"
CREATED = "2026-11-21T12:00:00Z"

# Short enough for a test that follows a whole rollout second by second.
QUICK_ANALYSIS: JsonObject = {
    "slos": [
        {"name": "errors", "errorRate": {"max": "1%"}, "source": {"preset": "traefik"}},
    ],
    "minDuration": "2s",
    "maxDuration": "6s",
    "warmup": "1s",
    "outage": {"above": "30%", "for": "2s"},
}
QUICK: JsonObject = {
    "steps": [{"weight": 10}, {"weight": 50}],
    "analysis": QUICK_ANALYSIS,
    "bake": "2s",
    "drain": "2s",
    "progressDeadline": "20s",
    "verifyTimeout": "4s",
}


def metadata(name: str, **more: Json) -> dict[str, Json]:
    """Return the metadata that a person writes."""
    return {"name": name, "namespace": NAMESPACE, **more}


def rollout(name: str = NAME, /, **spec: Json) -> JsonObject:
    """Return a Rollout with the defaults of its schema."""
    return stored(
        {
            "apiVersion": ROLLOUT_API,
            "kind": "Rollout",
            "metadata": metadata(name),
            "spec": {
                "targetRef": {"name": NAME},
                "service": {"name": NAME},
                "traffic": {"gatewayAPI": {"httpRoutes": [{"name": NAME}]}},
                "analysis": QUICK_ANALYSIS,
                **spec,
            },
        }
    ).value


def template(image: str, labels: Mapping[str, str] | None = None) -> dict[str, Json]:
    """Return a pod template of one container."""
    container: JsonObject = {"name": "app", "image": image}
    return {
        "metadata": {"labels": labels or {"app": NAME}},
        "spec": {"containers": [container]},
    }


def deployment(image: str = "checkout:1", replicas: int = 3, **spec: Json) -> JsonObject:
    """Return the Deployment of the user."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(NAME, labels={"team": "shop"}),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": NAME}},
            "template": template(image),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            **spec,
        },
    }


def service(name: str = NAME, selector: Mapping[str, str] | None = None) -> JsonObject:
    """Return the Service of the user."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.1.2",
            "selector": selector or {"app": NAME},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }


def backend(name: str = NAME, weight: int = 1) -> JsonObject:
    """Return a backendRef as the API server has it."""
    return {"group": "", "kind": "Service", "name": name, "port": 80, "weight": weight}


def http_route(name: str = NAME, backends: Sequence[JsonObject] = ()) -> JsonObject:
    """Return the HTTPRoute of the user: one rule, by default to the Service alone."""
    return {
        "apiVersion": ROUTE_API,
        "kind": "HTTPRoute",
        "metadata": metadata(name),
        "spec": {
            "parentRefs": [{"name": "gateway"}],
            "rules": [{"backendRefs": list(backends) or [backend()]}],
        },
    }


def owner(kind: str, name: str, uid: str) -> JsonObject:
    """Return an owner reference of a controller of apps/v1."""
    reference: JsonObject = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def as_stored(manifest: JsonObject, version: int = 7, **meta: Json) -> JsonObject:
    """Return the object as the API server has it, with `meta` over its metadata."""
    written = manifest["metadata"]
    assert isinstance(written, Mapping)
    server: JsonObject = {
        "uid": f"uid-of-{written['name']}",
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": CREATED,
    }
    return {**manifest, "metadata": {**server, **written, **meta}}
