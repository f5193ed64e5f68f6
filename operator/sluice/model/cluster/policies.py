"""Objects that select pods by label and so may or may not cover a canary."""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster.metadata import Metadata
from sluice.model.json import Body
from sluice.model.references import AUTOSCALERS, DISRUPTIONBUDGETS, NETWORKPOLICIES, PODMONITORS


@dataclass(frozen=True, slots=True)
class Requirement:
    """One matchExpressions entry."""

    key: str
    operator: str
    values: tuple[str, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the requirement: In, NotIn, Exists or DoesNotExist."""
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A label selector (meta/v1); an empty one selects everything."""

    match_labels: Mapping[str, str]
    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def from_body(cls, body: Body) -> "LabelSelector":
        """Read a label selector."""
        return cls(
            match_labels=body.labels("matchLabels"),
            requirements=tuple(
                Requirement(item.text("key"), item.text("operator"), item.texts("values"))
                for item in body.bodies("matchExpressions")
            ),
        )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the selector selects an object with these labels."""
        equal = all(labels.get(key) == value for key, value in self.match_labels.items())
        return equal and all(requirement.matches(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A NetworkPolicy: which pods it applies to, and which pods its rules let in or out to.

    peers: the pod selectors of its ingress.from and egress.to entries of the own namespace.
    """

    meta: Metadata
    selector: LabelSelector
    peers: tuple[LabelSelector, ...]

    @classmethod
    def from_body(cls, body: Body) -> "NetworkPolicy":
        """Read a NetworkPolicy (networking.k8s.io/v1)."""
        spec = body.body("spec")
        sides = [(spec.bodies("ingress"), "from"), (spec.bodies("egress"), "to")]
        peers = [peer for rules, side in sides for rule in rules for peer in rule.bodies(side)]
        return cls(
            meta=Metadata.from_body(body, NETWORKPOLICIES),
            selector=LabelSelector.from_body(spec.body("podSelector")),
            peers=tuple(
                LabelSelector.from_body(peer.body("podSelector"))
                for peer in peers
                if peer.has("podSelector") and not peer.has("namespaceSelector")
            ),
        )


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """A PodDisruptionBudget and the pods that it covers."""

    meta: Metadata
    selector: LabelSelector

    @classmethod
    def from_body(cls, body: Body) -> "DisruptionBudget":
        """Read a PodDisruptionBudget (policy/v1)."""
        selector = LabelSelector.from_body(body.body("spec").body("selector"))
        return cls(Metadata.from_body(body, DISRUPTIONBUDGETS), selector)


@dataclass(frozen=True, slots=True)
class PodMonitor:
    """A PodMonitor, and the pods that the Prometheus operator has scraped for it.

    everywhere: it looks for pods in all namespaces, whatever `namespaces` says.
    namespaces: where it looks for them; empty: in its own.
    """

    meta: Metadata
    selector: LabelSelector
    everywhere: bool
    namespaces: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Body) -> "PodMonitor":
        """Read a PodMonitor (monitoring.coreos.com/v1)."""
        spec = body.body("spec")
        where = spec.body("namespaceSelector")
        return cls(
            meta=Metadata.from_body(body, PODMONITORS),
            selector=LabelSelector.from_body(spec.body("selector")),
            everywhere=where.flag("any", default=False),
            namespaces=where.texts("matchNames"),
        )

    @property
    def at_home(self) -> bool:
        """Whether it looks for pods in its own namespace."""
        return self.everywhere or not self.namespaces or self.meta.ref.namespace in self.namespaces


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler and the kind and name of what it scales."""

    meta: Metadata
    target_kind: str
    target_name: str

    @classmethod
    def from_body(cls, body: Body) -> "Autoscaler":
        """Read a HorizontalPodAutoscaler (autoscaling/v2)."""
        target = body.body("spec").body("scaleTargetRef")
        meta = Metadata.from_body(body, AUTOSCALERS)
        return cls(meta, target.text("kind"), target.text("name"))
