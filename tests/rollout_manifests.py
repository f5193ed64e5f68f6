"""Rollouts that work, and the table of those that have to be refused."""

import yaml

from sluice.model.json import Json, JsonObject
from sluice.model.references import ROLLOUTS
from tests.altered_manifests import altered, invalid
from tests.manifest_files import MANIFESTS

MINIMAL = MANIFESTS / "samples/rollout-minimal.yaml"
INVALID = invalid(ROLLOUTS)


def minimal(changes: JsonObject) -> dict[str, Json]:
    """Return the minimal sample with the fields at the dotted paths replaced."""
    return altered(yaml.safe_load(MINIMAL.read_text()), changes)
