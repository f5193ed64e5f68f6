"""What manifests/prerequisites/hold_policy.yaml does to a write, word for word."""

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject

OPERATOR = "system:serviceaccount:sluice-system:sluice"


def hold(old: JsonObject | None, new: JsonObject, user: str) -> JsonObject:
    """Return the object as the admission policy lets it into the store."""
    if old is None or user == OPERATOR or new["kind"] != "Deployment":
        return new
    before, after = Body(old), Body(new)
    old_labels = before.labels("metadata", "labels")
    if names.ROLLOUT_LABEL not in old_labels or names.ROLE_LABEL in old_labels:
        return new
    held = before.labels("metadata", "annotations").get(names.HELD, "")
    changed = before.json("spec", "template") != after.json("spec", "template")
    if not _holds(after, held, changed=changed):
        return new
    mark = names.HELD_PENDING if changed or not held else held
    return _held(after, mark, old_labels[names.ROLLOUT_LABEL])


def _holds(after: Body, held: str, *, changed: bool) -> bool:
    bypass = after.labels("metadata", "annotations").get(names.BYPASS, "")
    if held not in {"", names.HELD_PENDING} and not changed and bypass == held:
        return False
    return bool(held) or (changed and after.whole("spec", "replicas", default=1) > 0)


def _held(after: Body, mark: str, rollout: str) -> JsonObject:
    meta, spec = after.body("metadata"), after.body("spec").value
    annotations: dict[str, Json] = {**meta.labels("annotations"), names.HELD: mark}
    labels: dict[str, Json] = {**meta.labels("labels"), names.ROLLOUT_LABEL: rollout}
    return {
        **after.value,
        "metadata": {**meta.value, "annotations": annotations, "labels": labels},
        "spec": {**spec, "paused": True},
    }
