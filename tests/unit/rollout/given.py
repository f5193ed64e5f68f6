"""Objects as the API server returns them, small, each with the fields that a test is about."""

from collections.abc import Mapping, Sequence

from sluice.model.cluster import Deployment, HttpRoute, RolloutSummary, Service
from sluice.model.json import Body, Json, JsonObject
from sluice.rollout.routes.parts import Split
from sluice.rollout.spec import RolloutSpec, RouteTarget

NAMESPACE = "shop"
SPLIT = Split(NAMESPACE, "checkout", "checkout-canary", None)
ALL_RULES = RouteTarget("checkout", ())


def metadata(name: str, *, created: str = "2026-11-21T12:00:00Z", **more: Json) -> dict[str, Json]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-of-{name}",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": created,
        **more,
    }


def template(labels: Mapping[str, str] | None = None, **pod: Json) -> dict[str, Json]:
    return {
        "metadata": {"labels": labels or {"app": "checkout"}, "annotations": {"note": "kept"}},
        "spec": {"containers": [{"name": "app", "image": "checkout:2"}], **pod},
    }


def deployment_body(
    *,
    name: str = "checkout",
    labels: Mapping[str, str] | None = None,
    expressions: Sequence[Json] = (),
    pod: JsonObject | None = None,
    spec: JsonObject | None = None,
) -> dict[str, Json]:
    own = labels or {"app": "checkout"}
    selector: dict[str, Json] = {"matchLabels": own}
    if expressions:
        selector["matchExpressions"] = expressions
    return {
        "metadata": metadata(name, labels={"team": "shop"}, annotations={"their": "own"}),
        "spec": {
            "replicas": 3,
            "selector": selector,
            "template": template(own, **(pod or {})),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            **(spec or {}),
        },
    }


def deployment(**fields: Json) -> Deployment:
    body = deployment_body(**fields)  # type: ignore[arg-type]  # any part, by its name
    return Deployment.from_body(Body(body))


def as_created(manifest: JsonObject) -> Deployment:
    """Return the projection of a Deployment that the API server has taken as it was written."""
    written = manifest["metadata"]
    assert isinstance(written, Mapping)
    name = written["name"]
    assert isinstance(name, str)
    return Deployment.from_body(Body({**manifest, "metadata": {**metadata(name), **written}}))


def service_body(
    selector: Mapping[str, str] | None = None, ports: Sequence[Json] = (), **spec: Json
) -> dict[str, Json]:
    return {
        "metadata": metadata("checkout", annotations={"their": "own"}),
        "spec": {
            "type": "NodePort",
            "clusterIP": "10.96.1.2",
            "selector": {"app": "checkout"} if selector is None else selector,
            "ports": ports or [{"name": "http", "port": 80, "targetPort": "web"}],
            **spec,
        },
    }


def service(
    selector: Mapping[str, str] | None = None, ports: Sequence[Json] = (), **spec: Json
) -> Service:
    return Service.from_body(Body(service_body(selector, ports, **spec)))


def ref(name: str, weight: int | None = 1, **more: Json) -> dict[str, Json]:
    weighted: dict[str, Json] = {} if weight is None else {"weight": weight}
    return {"group": "", "kind": "Service", "name": name, "port": 80, **weighted, **more}


def route_body(
    rules: Sequence[Sequence[Json]],
    names: Sequence[str] = (),
    parents: Sequence[Json] = (),
    generation: int = 1,
) -> dict[str, Json]:
    named = [{"name": name} for name in names] or [{} for _ in rules]
    written = [{**name, "backendRefs": refs} for name, refs in zip(named, rules, strict=True)]
    return {
        "metadata": {**metadata("checkout"), "generation": generation},
        "spec": {"rules": written},
        "status": {"parents": parents},
    }


def route(*rules: Sequence[Json], names: Sequence[str] = ()) -> HttpRoute:
    return HttpRoute.from_body(Body(route_body(rules, names)))


def summary(
    name: str = "checkout",
    target: str = "checkout",
    service_name: str = "checkout",
    created: str = "2026-11-21T12:00:00Z",
) -> RolloutSummary:
    spec = {"targetRef": {"name": target}, "service": {"name": service_name}}
    return RolloutSummary.from_body(
        Body({"metadata": metadata(name, created=created), "spec": spec})
    )


def slo(name: str = "errors", **fields: Json) -> dict[str, Json]:
    return {
        "name": name,
        "critical": True,
        "errorRate": {"max": "1%", "maxRatio": 1.25},
        "source": {"preset": "traefik"},
        **fields,
    }


def analysis(**fields: Json) -> dict[str, Json]:
    return {
        "slos": [slo()],
        "minDuration": "60s",
        "maxDuration": "10m",
        "minRequests": 50,
        "warmup": "10s",
        "outage": {"above": "30%", "for": "4s"},
        "onInconclusive": "Advance",
        "onNoData": {"action": "Hold", "after": "10m"},
        "onEnvironment": "Hold",
        **fields,
    }


def spec_body(**fields: Json) -> dict[str, Json]:
    return {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
        "service": {"name": "checkout"},
        "traffic": {"gatewayAPI": {"httpRoutes": [{"name": "checkout"}]}},
        "steps": [{"weight": weight, "pause": False} for weight in (1, 10, 50)],
        "analysis": analysis(),
        "holdout": "5%",
        "bake": "60s",
        "drain": "30s",
        "progressDeadline": "10m",
        "verifyTimeout": "15s",
        "canary": {},
        "holdMode": "Admission",
        "paused": False,
        "historyLimit": 10,
        **fields,
    }


def spec(**fields: Json) -> RolloutSpec:
    return RolloutSpec.from_body(Body(spec_body(**fields), "spec"))
