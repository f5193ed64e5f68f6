"""Placement rules of a pod that speak of pods like itself: they follow it under its new label."""

from collections.abc import Mapping, Sequence

from sluice.model.json import Json, JsonObject

# Where a pod spec selects other pods: node affinity has no label selector of pods.
_PLACEMENT = ("affinity", "topologySpreadConstraints")


def follow(pod_spec: JsonObject, key: str, old: str, new: str) -> JsonObject:
    """Return the pod spec with `key: new` where a placement selector has `key: old`.

    Without this a canary would keep away from stable's nodes, and not spread over its own.
    `matchLabelKeys` name keys and no values: they hold as they are.
    """
    moved = {name: _walk(pod_spec[name], key, old, new) for name in _PLACEMENT if name in pod_spec}
    return {**pod_spec, **moved}


def _walk(value: Json, key: str, old: str, new: str) -> Json:
    if isinstance(value, Mapping):
        return {
            name: _selector(item, key, old, new)
            if name == "labelSelector" and isinstance(item, Mapping)
            else _walk(item, key, old, new)
            for name, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_walk(item, key, old, new) for item in value]
    return value


def _selector(selector: JsonObject, key: str, old: str, new: str) -> JsonObject:
    moved: dict[str, Json] = dict(selector)
    labels, requirements = selector.get("matchLabels"), selector.get("matchExpressions")
    if isinstance(labels, Mapping) and labels.get(key) == old:
        moved["matchLabels"] = {**labels, key: new}
    if isinstance(requirements, Sequence) and not isinstance(requirements, str):
        moved["matchExpressions"] = [_requirement(item, key, old, new) for item in requirements]
    return moved


def _requirement(requirement: Json, key: str, old: str, new: str) -> Json:
    if not isinstance(requirement, Mapping) or requirement.get("key") != key:
        return requirement
    values = requirement.get("values")
    if not isinstance(values, Sequence) or isinstance(values, str):
        return requirement
    return {**requirement, "values": [new if value == old else value for value in values]}
