"""Strategic merge patches as the API server applies them, for the lists that Sluice writes."""

from collections.abc import Mapping, Sequence

from sluice.model.json import Json, JsonObject

# By which field the entries of a list are told apart, by the list's own name (types of core/v1).
_KEYS = {"conditions": "type", "schedulingGates": "name"}
_DIRECTIVE = "$patch"


def merged(old: JsonObject, patch: JsonObject) -> JsonObject:
    """Return the object with the patch merged into it; null removes a field."""
    new = dict(old)
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        elif isinstance(value, Mapping):
            below = new.get(name)
            new[name] = merged(below if isinstance(below, Mapping) else {}, value)
        elif name in _KEYS:
            new[name] = _merged_list(_entries(new.get(name)), _entries(value), _KEYS[name])
        else:
            new[name] = value
    return {name: value for name, value in new.items() if name not in _KEYS or value}


def _merged_list(old: list[JsonObject], patch: list[JsonObject], key: str) -> list[JsonObject]:
    by_key = {entry[key]: entry for entry in old}
    for entry in patch:
        if entry.get(_DIRECTIVE) == "delete":
            by_key.pop(entry[key], None)
        else:
            by_key[entry[key]] = merged(by_key.get(entry[key], {}), entry)
    return list(by_key.values())


def _entries(value: Json) -> list[JsonObject]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [item for item in items if isinstance(item, Mapping)]
