"""The project's YAML files, read through the same typed door as foreign JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.model.json import Body, Json, JsonObject

ROOT = Path(__file__).parents[1]
MANIFESTS = ROOT / "manifests"
ROLLOUT_CRD = ROOT / "crds/sluice.dev_rollouts.yaml"


def documents(path: Path) -> tuple[Body, ...]:
    """Return the objects of a YAML file: its documents, or the entries of its one list."""
    found = list(yaml.safe_load_all(path.read_text()))
    objects = found[0] if isinstance(found[0], list) else found
    return tuple(Body(value, f"{path.name}[{index}]") for index, value in enumerate(objects))


def installed() -> tuple[Body, ...]:
    """Return every object of manifests/prerequisites and manifests/base."""
    folders = (MANIFESTS / "prerequisites", MANIFESTS / "base")
    paths = sorted(path for folder in folders for path in folder.glob("*.yaml"))
    found = [body for path in paths for body in documents(path)]
    return tuple(body for body in found if body.text("kind") != "Kustomization")


def of_kind(kind: str) -> tuple[Body, ...]:
    """Return the installed objects of a kind."""
    return tuple(body for body in installed() if body.text("kind") == kind)


def only(kind: str, name: str) -> Body:
    """Return the one installed object of that kind and name."""
    (body,) = (body for body in of_kind(kind) if body.text("metadata", "name") == name)
    return body


@dataclass(frozen=True, slots=True)
class Place:
    """One node of a schema and its path, as spec.steps[].weight."""

    path: str
    schema: Body

    @property
    def type(self) -> str:
        return self.schema.text("type")


def rollout_schema() -> Body:
    """Return the OpenAPI schema of kind Rollout."""
    (crd,) = documents(ROLLOUT_CRD)
    (version,) = crd.bodies("spec", "versions")
    return version.body("schema", "openAPIV3Schema")


def places(schema: Body, path: str = "") -> Iterator[Place]:
    """Walk a schema from the root down."""
    yield Place(path, schema)
    for name in schema.body("properties").value:
        yield from places(schema.body("properties", name), f"{path}.{name}".removeprefix("."))
    if schema.has("items"):
        yield from places(schema.body("items"), f"{path}[]")


def strays(value: Json, schema: Body, path: str = "") -> Iterator[str]:
    """Find what a value has that its schema does not know, and what it lacks: one text each."""
    if isinstance(value, Mapping):
        yield from _strays_of_object(value, schema, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from strays(item, schema.body("items"), f"{path}[{index}]")


def _strays_of_object(value: JsonObject, schema: Body, path: str) -> Iterator[str]:
    known = schema.body("properties").value
    for name in schema.texts("required"):
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, item in value.items():
        if name in known:
            yield from strays(item, schema.body("properties", name), f"{path}.{name}")
        elif known:
            yield f"{path}.{name} is unknown"
