"""Rollouts that work, and the table of those that have to be refused."""

import yaml

from sluice.model.json import Json, JsonObject
from tests.manifest_files import MANIFESTS, ROOT, documents

MINIMAL = MANIFESTS / "samples/rollout-minimal.yaml"
INVALID = documents(ROOT / "tests/cluster/invalid/rollout.yaml")


def minimal(changes: JsonObject) -> dict[str, Json]:
    """Return the minimal sample with the fields at the dotted paths replaced."""
    manifest: dict[str, Json] = yaml.safe_load(MINIMAL.read_text())
    for path, value in changes.items():
        replace(manifest, path.split("."), value)
    return manifest


def replace(place: object, path: list[str], value: Json) -> None:
    """Replace what stands at the path; missing objects on the way are made."""
    name, *rest = path
    if isinstance(place, list) and rest:
        replace(place[int(name)], rest, value)
    elif isinstance(place, list):
        place[int(name)] = value
    elif isinstance(place, dict) and rest:
        replace(place.setdefault(name, {}), rest, value)
    elif isinstance(place, dict):
        place[name] = value
