"""Services, EndpointSlices and HTTPRoutes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body, JsonObject
from sluice.model.references import ENDPOINTSLICES, HTTPROUTES, SERVICES


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; `target` as written (number or name)."""

    name: str
    number: int
    target: str
    protocol: str
    app_protocol: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: what it selects and on which ports."""

    meta: Metadata
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    headless: bool

    @classmethod
    def from_body(cls, body: Body) -> "Service":
        """Read a Service (v1)."""
        spec = body.body("spec")
        return cls(
            meta=Metadata.from_body(body, SERVICES),
            selector=spec.labels("selector"),
            ports=tuple(_port(port) for port in spec.bodies("ports")),
            headless=spec.text("clusterIP", default="") == "None",
        )


def _port(port: Body) -> ServicePort:
    number = port.whole("port")
    return ServicePort(
        name=port.text("name", default=""),
        number=number,
        target=str(port.json("targetPort") or number),
        protocol=port.text("protocol", default="TCP"),
        app_protocol=port.text("appProtocol", default=""),
    )


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """An EndpointSlice of a Service that carries our label: its ready addresses."""

    meta: Metadata
    service: str
    ready: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Body) -> "EndpointSlice":
        """Read an EndpointSlice (discovery.k8s.io/v1); a missing `ready` counts as ready."""
        meta = Metadata.from_body(body, ENDPOINTSLICES)
        endpoints = body.bodies("endpoints")
        ready = [e for e in endpoints if e.body("conditions").flag("ready", default=True)]
        addresses = (address for endpoint in ready for address in endpoint.texts("addresses"))
        return cls(meta, meta.labels.get("kubernetes.io/service-name", ""), tuple(addresses))


@dataclass(frozen=True, slots=True)
class Backend:
    """A backendRef of a rule; `written` is the entry as its author wrote it, with its filters."""

    group: str
    kind: str
    namespace: str
    name: str
    port: int
    weight: int
    written: JsonObject

    @classmethod
    def from_body(cls, body: Body, namespace: str) -> "Backend":
        """Read a backendRef of a route in `namespace`; group, kind, weight as the API defaults."""
        return cls(
            group=body.text("group", default=""),
            kind=body.text("kind", default="Service"),
            namespace=body.text("namespace", default=namespace),
            name=body.text("name"),
            port=body.whole("port", default=0),
            weight=body.whole("weight", default=1),
            written=body.value,
        )


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A rule of a route by its position in `spec.rules` (names are optional)."""

    index: int
    name: str
    backends: tuple[Backend, ...]


@dataclass(frozen=True, slots=True)
class ParentStatus:
    """What a Gateway's controller says of the route: type -> (status, generation)."""

    parent: str
    controller: str
    conditions: Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """An HTTPRoute: its rules' backends, and what its Gateways say of it."""

    meta: Metadata
    rules: tuple[RouteRule, ...]
    parents: tuple[ParentStatus, ...]

    @classmethod
    def from_body(cls, body: Body) -> "HttpRoute":
        """Read an HTTPRoute (gateway.networking.k8s.io/v1)."""
        meta = Metadata.from_body(body, HTTPROUTES)
        rules = enumerate(body.body("spec").bodies("rules"))
        parents = body.body("status").bodies("parents")
        return cls(
            meta=meta,
            rules=tuple(_rule(index, rule, meta.ref.namespace) for index, rule in rules),
            parents=tuple(_parent(parent) for parent in parents),
        )


def _rule(index: int, rule: Body, namespace: str) -> RouteRule:
    backends = (Backend.from_body(ref, namespace) for ref in rule.bodies("backendRefs"))
    return RouteRule(index, rule.text("name", default=""), tuple(backends))


def _parent(parent: Body) -> ParentStatus:
    return ParentStatus(
        parent=parent.body("parentRef").text("name", default=""),
        controller=parent.text("controllerName", default=""),
        conditions={
            condition.text("type"): (
                condition.text("status"),
                condition.whole("observedGeneration", default=0),
            )
            for condition in parent.bodies("conditions")
        },
    )
