"""The canary's objects, made from the user's: a Deployment with the new template, and a Service.

Exactly one selector label has another value on the canary's pods, so that neither the user's
Service nor the user's Deployment takes them for its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.model.cluster import Deployment, LabelSelector, Service
from sluice.model.cluster.workloads import template_digest
from sluice.model.json import Body, Json, JsonObject, digest
from sluice.model.names import (
    OWNER_UID_LABEL,
    REVISION_LABEL,
    ROLE_CANARY,
    ROLE_LABEL,
    ROLLOUT_LABEL,
)
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS, SERVICES
from sluice.rollout.affinity import follow

_LABEL_LIMIT = 63

# A ReplicaSet adds «-» and up to 10 characters, a pod «-» and 5. Were the sum above 63, the API
# server would cut the ReplicaSet's hash out of the pods' names, and metrics could not tell them.
_NAME_LIMIT = 63 - 11 - 6

_COPIED = ("strategy", "minReadySeconds", "progressDeadlineSeconds")
_COPIED_OF_SERVICE = ("ipFamilies", "ipFamilyPolicy")
_COPIED_OF_PORT = ("name", "protocol", "appProtocol", "port", "targetPort")


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary is made for; key: the selector label that differs on its pods."""

    rollout: str
    rollout_uid: str
    revision: str
    key: str

    @property
    def service_labels(self) -> Mapping[str, str]:
        """The labels of what lives as long as the Rollout."""
        return {
            ROLLOUT_LABEL: self.rollout,
            OWNER_UID_LABEL: self.rollout_uid,
            ROLE_LABEL: ROLE_CANARY,
        }

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the canary Deployment, which tell it from a stranger of its name."""
        return {**self.service_labels, REVISION_LABEL: self.revision}

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """The labels that its pods have beside the user's; none depends on the Rollout's UID."""
        return {
            ROLLOUT_LABEL: self.rollout,
            ROLE_LABEL: ROLE_CANARY,
            REVISION_LABEL: self.revision,
        }


def canary_name(target: str, revision: str) -> str:
    """Return the name of the canary Deployment, short enough for its pods' names to stay whole."""
    return _capped(target, f"-canary-{revision}", _NAME_LIMIT)


def canary_service_name(service: str) -> str:
    """Return the name of the canary's Service."""
    return f"{service}-canary"


def canary_value(value: str) -> str:
    """Return the value of the label that differs, at most as long as the API allows."""
    return _capped(value, "-canary", _LABEL_LIMIT) if value else "canary"


def label_key(asked: str | None, target: Deployment, service: Service) -> str | Invalid:
    """Return the label that tells the versions apart: `asked`, or the first that both select on."""
    shared = sorted(target.selector.match_labels.keys() & service.selector.keys())
    if asked is None and shared:
        return shared[0]
    if asked in shared:
        return asked
    selects = (
        f"Deployment {target.meta.ref.name} selects on {_listed(target.selector.match_labels)}, "
        f"Service {service.meta.ref.name} on {_listed(service.selector)}"
    )
    if shared:
        advice = f"write spec.canary.labelKey: {shared[0]} instead of {asked}"
    else:
        advice = "let the Service select on a label in the Deployment's selector.matchLabels"
    return Invalid(Reason.UNSUPPORTED_TARGET, f"{selects}: {advice}")


def canary_template(template: Body, canary: Canary) -> JsonObject:
    """Return the pod template of the canary: the user's, with one label changed and ours added.

    Placement rules that name the pods themselves follow the changed label.
    """
    meta = template.body("metadata")
    labels = meta.labels("labels")
    old = labels[canary.key]
    new = canary_value(old)
    spec = follow(template.body("spec").value, canary.key, old, new)
    own = {**labels, canary.key: new, **canary.pod_labels}
    return {**template.value, "metadata": {**meta.value, "labels": own}, "spec": spec}


def canary_deployment(target: Body, canary: Canary, replicas: int) -> JsonObject:
    """Return the canary Deployment for the whole Deployment of the user.

    It has no owner: a foreground deletion of the Rollout would take pods that have traffic.
    """
    spec = target.body("spec")
    template = canary_template(spec.body("template"), canary)
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {
            "name": canary_name(target.text("metadata", "name"), canary.revision),
            "namespace": target.text("metadata", "namespace"),
            "labels": canary.labels,
        },
        "spec": {
            "replicas": replicas,
            "selector": _selector(spec.body("selector"), template),
            "template": template,
            **{name: spec.value[name] for name in _COPIED if spec.has(name)},
        },
    }


def canary_service(service: Body, canary: Canary) -> JsonObject:
    """Return the canary's Service for the whole Service of the user: cluster-internal, same ports.

    Its EndpointSlices take over its labels, by which the cache picks them.
    """
    spec = service.body("spec")
    selector = spec.labels("selector")
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {
            "name": canary_service_name(service.text("metadata", "name")),
            "namespace": service.text("metadata", "namespace"),
            "labels": canary.service_labels,
        },
        "spec": {
            "type": "ClusterIP",
            "selector": {**selector, canary.key: canary_value(selector[canary.key])},
            "ports": [_only(port, _COPIED_OF_PORT) for port in spec.bodies("ports")],
            **_only(spec, _COPIED_OF_SERVICE),
        },
    }


def is_canary_of(target: Body, canary: Deployment) -> bool:
    """Whether a canary Deployment has the template that the whole Deployment has now.

    Compared forwards, both as they are read now: the template is made a canary once more, with
    the label and the revision of that canary. No hash of an earlier time takes part, which an API
    upgrade that adds a default would change.
    """
    selected = LabelSelector.from_body(target.body("spec").body("selector")).match_labels
    theirs = canary.selector.match_labels
    changed = [key for key, value in selected.items() if theirs.get(key) == canary_value(value)]
    if len(changed) != 1:
        return False
    labels = canary.template_labels
    made_for = Canary(labels.get(ROLLOUT_LABEL, ""), "", labels.get(REVISION_LABEL, ""), *changed)
    again = canary_template(target.body("spec").body("template"), made_for)
    return template_digest(Body(again)) == canary.template_digest


def canary_labels(target: Deployment, canary: Canary) -> Mapping[str, str]:
    """Return the labels of the canary's pods as the selectors of other objects see them."""
    labels = target.template_labels
    return {**labels, canary.key: canary_value(labels[canary.key]), **canary.pod_labels}


def _selector(selector: Body, template: JsonObject) -> JsonObject:
    """Return the selector of the canary Deployment.

    The revision is in it, so that a rejected canary that is kept at 0 and the next one are
    disjoint. A requirement that the changed label does not meet is left out.
    """
    labels = Body(template).labels("metadata", "labels")
    match = selector.labels("matchLabels")
    changed: dict[str, Json] = {name: labels[name] for name in (*match, REVISION_LABEL)}
    written = selector.bodies("matchExpressions")
    read = LabelSelector.from_body(selector).requirements
    kept = [item.value for item, known in zip(written, read, strict=True) if known.matches(labels)]
    return {"matchLabels": changed, **({"matchExpressions": kept} if kept else {})}


def _only(body: Body, names: tuple[str, ...]) -> dict[str, Json]:
    return {name: body.value[name] for name in names if body.has(name)}


def _capped(name: str, suffix: str, limit: int) -> str:
    """Return name and suffix within a length; a name that is cut carries its digest instead."""
    room = limit - len(suffix)
    if len(name) > room:
        name = f"{name[: room - 7].rstrip('-._')}-{digest(name)[:6]}"
    return name + suffix


def _listed(labels: Mapping[str, str]) -> str:
    return ", ".join(sorted(labels)) or "nothing"
