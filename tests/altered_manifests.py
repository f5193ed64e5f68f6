"""Manifests of our kinds with fields replaced, and the tables of those that have to be refused."""

from copy import deepcopy

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import Resource
from tests.manifest_files import ROOT, documents


def invalid(kind: Resource) -> tuple[Body, ...]:
    """Return what the API server has to refuse of a kind, each with what it sets and why."""
    return documents(ROOT / f"tests/cluster/invalid/{kind.kind.lower()}.yaml")


def altered(manifest: JsonObject, changes: JsonObject) -> dict[str, Json]:
    """Return the manifest with the fields at the dotted paths replaced."""
    copy: dict[str, Json] = deepcopy({**manifest})
    for path, value in changes.items():
        _replace(copy, path.split("."), value)
    return copy


def _replace(place: object, path: list[str], value: Json) -> None:
    """Replace what stands at the path; missing objects on the way are made."""
    name, *rest = path
    if isinstance(place, list) and rest:
        _replace(place[int(name)], rest, value)
    elif isinstance(place, list):
        place[int(name)] = value
    elif isinstance(place, dict) and rest:
        _replace(place.setdefault(name, {}), rest, value)
    elif isinstance(place, dict):
        place[name] = value
