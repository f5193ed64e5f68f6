"""The samples fit the schema, and code and schema agree on what can be carried out."""

import re
from pathlib import Path

import pytest

from sluice.model.json import Body, MalformedError
from sluice.model.references import ROLLOUTS
from sluice.rollout.spec import InvalidSpecError, RolloutSpec
from tests.manifest_files import (
    MANIFESTS,
    documents,
    leaves,
    places,
    rollout_schema,
    stored,
    strays,
)
from tests.rollout_manifests import INVALID, minimal

SPEC = rollout_schema().body("properties", "spec")
SAMPLES = sorted((MANIFESTS / "samples").glob("*.yaml"))

each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)


def rollout_of(path: Path) -> Body:
    (body,) = (body for body in documents(path) if body.text("kind") == ROLLOUTS.kind)
    return body


@each_sample
def test_it_has_what_is_required_and_nothing_unknown(path: Path) -> None:
    assert list(strays(rollout_of(path).json("spec"), SPEC)) == []


@each_sample
def test_it_is_read_as_the_api_server_stores_it(path: Path) -> None:
    sample = rollout_of(path)
    spec = RolloutSpec.from_body(stored(sample.value).body("spec"))
    assert spec.target == sample.text("metadata", "name")


def test_the_full_sample_shows_every_field() -> None:
    known = {place.path for place in places(SPEC) if place.type not in {"object", "array"}}
    shown = set(leaves(rollout_of(MANIFESTS / "samples/rollout.yaml").json("spec")))
    # A source is one of three; the others stand at other SLOs.
    assert known - shown == set()


# Names are the API server's business: a name that it refuses names no object.
REFUSED_BY_CODE = [
    case
    for case in INVALID
    if not re.search(r"(name|kind|apiVersion|labelKey)$", case.text("field"))
]


@pytest.mark.parametrize("case", REFUSED_BY_CODE, ids=lambda case: str(case.text("refuses")))
def test_the_code_refuses_what_the_schema_refuses(case: Body) -> None:
    # An object may be older than a rule of the schema.
    with pytest.raises((InvalidSpecError, MalformedError)):
        RolloutSpec.from_body(stored(minimal(case.body("set").value)).body("spec"))
