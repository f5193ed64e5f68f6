"""The project's YAML files, read through the same typed door as foreign JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource

ROOT = Path(__file__).parents[1]
MANIFESTS = ROOT / "manifests"
ROLLOUT_CRD = ROOT / "crds/sluice.dev_rollouts.yaml"
CRDS = {ROLLOUTS: ROLLOUT_CRD, STARTUPGRAPHS: ROOT / "crds/sluice.dev_startupgraphs.yaml"}


def documents(path: Path) -> tuple[Body, ...]:
    """Return the objects of a YAML file: its documents, or the entries of its one list."""
    found = list(yaml.load_all(path.read_text(), yaml.CSafeLoader))
    objects = found[0] if isinstance(found[0], list) else found
    return tuple(Body(value, f"{path.name}[{index}]") for index, value in enumerate(objects))


@cache
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
        either = self.schema.flag("x-kubernetes-int-or-string", default=False)
        return "integer or string" if either else self.schema.text("type")


@cache
def schema_of(kind: Resource) -> Body:
    """Return the OpenAPI schema of one of our kinds."""
    (crd,) = documents(CRDS[kind])
    (version,) = crd.bodies("spec", "versions")
    return version.body("schema", "openAPIV3Schema")


def rollout_schema() -> Body:
    """Return the OpenAPI schema of kind Rollout."""
    return schema_of(ROLLOUTS)


def places(schema: Body, path: str = "") -> Iterator[Place]:
    """Walk a schema from the root down."""
    yield Place(path, schema)
    for name in schema.body("properties").value:
        yield from places(schema.body("properties", name), f"{path}.{name}".removeprefix("."))
    if schema.has("items"):
        yield from places(schema.body("items"), f"{path}[]")


def leaves(value: Json, path: str = "") -> Iterator[str]:
    """Name the path of everything in a value that has no parts, as the schema names it."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path


def defaulted(value: Json, schema: Body) -> Json:
    """Return the value with the schema's defaults filled in, as the API server stores it."""
    if isinstance(value, Mapping):
        properties = schema.body("properties")
        absent = {
            name: properties.json(name, "default")
            for name in properties.value
            if name not in value and properties.has(name, "default")
        }
        filled = {**value, **absent}
        return {name: defaulted(item, properties.body(name)) for name, item in filled.items()}
    if isinstance(value, list | tuple):
        return [defaulted(item, schema.body("items")) for item in value]
    return value


def stored(manifest: JsonObject, kind: Resource = ROLLOUTS) -> Body:
    """Return the manifest of one of our kinds as the API server stores it."""
    filled = defaulted(manifest, schema_of(kind))
    assert isinstance(filled, Mapping)
    return Body(filled)


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
