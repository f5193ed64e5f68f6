"""The schema of record: complete, bounded, and one with what the operator reads and writes."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.json import Body, JsonObject
from sluice.model.references import GROUP, ROLLOUTS, VERSION
from sluice.model.scalars import format_duration, parse_duration, parse_percent
from sluice.rollout.status import RolloutStatus
from tests.manifest_files import MANIFESTS, ROLLOUT_CRD, Place, documents, places, rollout_schema
from tests.manifest_files import strays

SCHEMA = rollout_schema()
PLACES = tuple(places(SCHEMA))
FIELDS = tuple(place for place in PLACES if place.path != "metadata")
RULES = tuple(
    (place, rule) for place in PLACES for rule in place.schema.bodies("x-kubernetes-validations")
)


def place_of(path: str) -> Body:
    (place,) = (place for place in PLACES if place.path == path)
    return place.schema


def by_path(found: tuple[Place, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("place", found, ids=lambda place: place.path or "Rollout")


def test_is_named_as_the_code_names_it() -> None:
    (crd,) = documents(ROLLOUT_CRD)
    assert crd.text("spec", "group") == GROUP
    assert crd.text("spec", "names", "kind") == ROLLOUTS.kind
    assert crd.text("spec", "names", "plural") == ROLLOUTS.plural
    assert [version.text("name") for version in crd.bodies("spec", "versions")] == [VERSION]


@by_path(FIELDS)
def test_every_field_has_a_description(place: Place) -> None:
    assert place.schema.text("description").endswith("."), place.path


@by_path(PLACES)
def test_every_field_is_bounded(place: Place) -> None:
    match place.type:
        case "string":
            assert place.schema.whole("maxLength") > 0
        case "array":
            assert place.schema.whole("maxItems") > 0
        case "object":
            assert place.path == "metadata" or place.schema.body("properties").value
            assert not place.schema.has("additionalProperties")
            assert not place.schema.has("x-kubernetes-preserve-unknown-fields")
        case "integer":
            assert place.schema.text("format") in {"int32", "int64"}
        case other:
            assert other in {"number", "boolean"}


@by_path(tuple(place for place in PLACES if place.schema.has("default")))
def test_every_default_is_told(place: Place) -> None:
    default = place.schema.json("default")
    if isinstance(default, str | int):
        told = str(default).lower() if isinstance(default, bool) else str(default)
        text = place.schema.text("description")
        assert re.search(rf"Default: {re.escape(told)}\.|{re.escape(told)}, the default", text)


@pytest.mark.parametrize(("place", "rule"), RULES, ids=lambda value: getattr(value, "path", ""))
def test_every_rule_says_what_to_write(place: Place, rule: Body) -> None:
    message = rule.text("messageExpression", default="") or rule.text("message")
    assert re.search(r"\bwrite\b", message), place.path


@by_path(tuple(place for place in PLACES if place.schema.has("pattern")))
def test_every_pattern_has_a_rule_that_explains_it(place: Place) -> None:
    pattern = place.schema.text("pattern")
    rules = place.schema.bodies("x-kubernetes-validations")
    explained = any(f"matches('{pattern}')" in rule.text("rule") for rule in rules)
    # A Service's name is narrower than the names whose pattern it shares.
    assert explained or place.path == "spec.service.name"


@given(st.from_regex(place_of("spec.bake").text("pattern"), fullmatch=True).filter(bool))
def test_a_duration_that_the_schema_admits_can_be_read(text: str) -> None:
    assert parse_duration(text) >= 0


@given(st.floats(0.1, 80_000))
def test_a_duration_that_the_code_writes_is_admitted(seconds: float) -> None:
    assert re.fullmatch(place_of("spec.bake").text("pattern"), format_duration(seconds))


@given(st.from_regex(place_of("spec.holdout").text("pattern"), fullmatch=True))
def test_a_share_that_the_schema_admits_can_be_read(text: str) -> None:
    assert 0 <= parse_percent(text) < 1


@pytest.mark.parametrize("path", ["spec.bake", "spec.drain", "spec.progressDeadline"])
def test_durations_share_one_pattern(path: str) -> None:
    assert place_of(path).text("pattern") == place_of("spec.steps[].duration").text("pattern")


CHECKPOINTS = st.none() | st.just({"countedUntil": 1.0, "logs": "…"})


@given(st.from_type(RolloutStatus), CHECKPOINTS)
def test_the_schema_keeps_every_field_of_the_status(
    status: RolloutStatus, checkpoint: JsonObject | None
) -> None:
    # The API server drops what its schema does not know, without a word.
    written = replace(status, checkpoint=checkpoint).to_json()
    assert not list(strays(written, SCHEMA.body("properties", "status")))


@pytest.mark.parametrize("path", sorted((MANIFESTS / "samples").glob("*.yaml")), ids=lambda p: p.name)
def test_the_samples_have_what_is_required_and_nothing_else(path: object) -> None:
    rollouts = [body for body in documents(path) if body.text("kind") == ROLLOUTS.kind]
    assert rollouts
    for body in rollouts:
        known = {**SCHEMA.value, "properties": {**SCHEMA.body("properties").value}}
        without = {key: value for key, value in body.value.items() if key != "metadata"}
        assert not list(strays(without, Body(known)))
