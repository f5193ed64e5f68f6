"""What manifests/prerequisites/startup_*_policy.yaml do to a write, word for word."""

from collections.abc import Mapping

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from tests.converge.admission import OPERATOR

_FIELDS = {"Deployment": "paused", "Job": "suspend"}
_BOTH = (names.GRAPH_LABEL, names.NODE_LABEL)
_SETS = ("StatefulSet", "DaemonSet")
# Annotations on a pod by which its author does without a gate.
_READINESS, _HOLD = f"{names.PREFIX}/readiness", f"{names.PREFIX}/hold"
_QUEUE = "kueue.x-k8s.io/queue-name"
_AUTHOR, _STARTUP = "author", "startup"


def admitted(
    old: JsonObject | None, new: JsonObject, user: str, released: Mapping[str, Json] | None
) -> JsonObject:
    """Return the object as the policies let it into the store.

    released: the data of the ConfigMap of released sets, None if there is no such ConfigMap.
    """
    kind = new["kind"]
    if kind == "Pod" and old is None:
        return _gated(Body(new), released)
    if kind not in _FIELDS:
        return new
    if old is None:
        return _held(Body(new))
    kept = _kept(Body(old), Body(new), user)
    return _required(Body(old), Body(kept), user)


def _labelled(body: Body) -> bool:
    labels = body.labels("metadata", "labels")
    return all(key in labels for key in _BOTH)


def _holders(body: Body) -> list[str]:
    return body.labels("metadata", "annotations").get(names.HOLDERS, "").split(",")


def _stopped(body: Body) -> bool:
    return body.flag("spec", _FIELDS[body.text("kind")], default=False)


def _held(new: Body) -> JsonObject:
    """Policy sluice-startup-hold."""
    labels, owners = new.labels("metadata", "labels"), new.bodies("metadata", "ownerReferences")
    if not _labelled(new) or names.ROLE_LABEL in labels:
        return new.value
    if any(owner.text("kind") == "CronJob" for owner in owners):
        return new.value
    if new.text("kind") == "Job" and _QUEUE in labels:
        return new.value
    annotations = new.labels("metadata", "annotations")
    listed = _holders(new)
    author = _AUTHOR in listed
    if listed == [""]:
        author = _stopped(new) and names.HELD not in annotations
    return _stopped_by(new, f"{_AUTHOR},{_STARTUP}" if author else _STARTUP, labels)


def _kept(old: Body, new: Body, user: str) -> JsonObject:
    """Policy sluice-startup-keep."""
    if user == OPERATOR or not _labelled(old) or _STARTUP not in _holders(old):
        return new.value
    bypass = new.labels("metadata", "annotations").get(names.BYPASS, "")
    if not _stopped(old) or bypass == _STARTUP:
        return new.value
    before = old.labels("metadata", "labels")
    labels = {**new.labels("metadata", "labels"), **{key: before[key] for key in _BOTH}}
    return _stopped_by(new, ",".join(_holders(old)), labels)


def _required(old: Body, new: Body, user: str) -> JsonObject:
    """Hold the next version of what requires a record, until the operator sees that record."""
    annotations = new.labels("metadata", "annotations")
    requires = annotations.get(names.REQUIRES, "")
    if user == OPERATOR or new.text("kind") != "Deployment" or not _labelled(new) or not requires:
        return new.value
    before = old.labels("metadata", "annotations").get(names.REQUIRES, "")
    same = old.json("spec", "template") == new.json("spec", "template") and before == requires
    if same or annotations.get(names.BYPASS, "") == _STARTUP:
        return new.value
    listed = [one for one in _holders(new) if one and one != _STARTUP]
    if _holders(new) == [""] and _stopped(new) and names.HELD not in annotations:
        listed = [_AUTHOR]
    return _stopped_by(new, ",".join((*listed, _STARTUP)), new.labels("metadata", "labels"))


def _stopped_by(body: Body, holders: str, labels: Mapping[str, str]) -> JsonObject:
    meta, spec = body.body("metadata"), body.body("spec").value
    annotations: dict[str, Json] = {**meta.labels("annotations"), names.HOLDERS: holders}
    return {
        **body.value,
        "metadata": {**meta.value, "annotations": annotations, "labels": dict(labels)},
        "spec": {**spec, _FIELDS[body.text("kind")]: True},
    }


def _gated(pod: Body, released: Mapping[str, Json] | None) -> JsonObject:
    """Policies sluice-startup-readiness and sluice-startup-scheduling, on a pod that is created."""
    if not _labelled(pod):
        return pod.value
    spec: dict[str, Json] = {**pod.body("spec").value}
    annotations = pod.labels("metadata", "annotations")
    (owner,) = pod.bodies("metadata", "ownerReferences")
    gates = [gate.text("conditionType") for gate in pod.bodies("spec", "readinessGates")]
    wanted = annotations.get(_READINESS) != "ungated" and owner.text("kind") != "Job"
    if wanted and names.HEALTHY_GATE not in gates:
        spec["readinessGates"] = [{"conditionType": g} for g in (*gates, names.HEALTHY_GATE)]
    of_new_set = owner.text("kind") in _SETS and owner.text("uid") not in (released or {})
    if released is not None and annotations.get(_HOLD) != "None" and of_new_set:
        held = [gate.value for gate in pod.bodies("spec", "schedulingGates")]
        spec["schedulingGates"] = [*held, {"name": names.STARTUP_GATE}]
    return {**pod.value, "spec": spec}
