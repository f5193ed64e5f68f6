"""The schema of record: complete, bounded, and every refusal says what to write."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sluice.model.json import Body
from sluice.model.references import GROUP, ROLLOUTS, VERSION
from sluice.model.scalars import format_duration, parse_duration, parse_percent
from tests.manifest_files import ROLLOUT_CRD, Place, documents, places, rollout_schema

PLACES = {place.path: place for place in places(rollout_schema())}
DURATION = PLACES["spec.bake"].schema.text("pattern")
PERCENT = PLACES["spec.analysis.outage.above"].schema.text("pattern")
WHOLE_PERCENT = PLACES["spec.holdout"].schema.text("pattern")


def rules(place: Place) -> tuple[Body, ...]:
    return place.schema.bodies("x-kubernetes-validations")


def test_it_is_named_as_the_code_names_it() -> None:
    (crd,) = documents(ROLLOUT_CRD)
    assert crd.text("spec", "group") == GROUP
    assert crd.text("spec", "names", "kind") == ROLLOUTS.kind
    assert crd.text("spec", "names", "plural") == ROLLOUTS.plural
    assert crd.text("metadata", "name") == f"{ROLLOUTS.plural}.{GROUP}"
    assert [version.text("name") for version in crd.bodies("spec", "versions")] == [VERSION]


def test_every_field_has_a_description() -> None:
    # The API server forbids one on metadata.
    described = (place for place in PLACES.values() if place.path != "metadata")
    lacking = [p.path for p in described if not p.schema.text("description", default="")]
    assert lacking == []


def test_every_field_is_bounded() -> None:
    assert [place.path for place in PLACES.values() if not bounded(place)] == []


def bounded(place: Place) -> bool:
    """Whether a value has an end, so that the API server can bound the cost of the rules."""
    match place.type:
        case "string":
            return place.schema.has("maxLength")
        case "array":
            return place.schema.has("maxItems")
        case "object":
            open_ended = ("additionalProperties", "x-kubernetes-preserve-unknown-fields")
            return place.schema.has("properties") and not any(map(place.schema.has, open_ended))
        case "integer":
            return place.schema.has("format")
        case other:
            return other in {"number", "boolean"}


def test_every_default_is_told() -> None:
    assert [place.path for place in PLACES.values() if not tells_default(place)] == []


def tells_default(place: Place) -> bool:
    """Whether the description names the default; that of a list or an object stands inside it."""
    default = place.schema.json("default")
    if default is None or place.type in {"array", "object"}:
        return True
    told = str(default).lower() if isinstance(default, bool) else str(default)
    text = place.schema.text("description")
    return f"Default: {told}." in text or f"{told}, the default." in text


def test_every_rule_says_what_to_write() -> None:
    told = {
        rule.text("rule"): rule.text("messageExpression", default="") or rule.text("message")
        for place in PLACES.values()
        for rule in rules(place)
    }
    assert [rule for rule, message in told.items() if not re.search(r"\bwrite\b", message)] == []


def test_every_pattern_is_explained_by_a_rule() -> None:
    mute = [place.path for place in PLACES.values() if not explains_pattern(place)]
    # A Service's name has the pattern of all names and a narrower rule.
    assert mute == ["spec.service.name"]


def explains_pattern(place: Place) -> bool:
    if not place.schema.has("pattern"):
        return True
    call = f"matches('{place.schema.text('pattern')}')"
    return any(call in rule.text("rule") for rule in rules(place))


def test_all_durations_are_written_alike() -> None:
    units = [p for p in PLACES.values() if "h)?(" in p.schema.text("pattern", default="")]
    assert {place.schema.text("pattern") for place in units} == {DURATION}
    assert len(units) == 11


@given(st.from_regex(DURATION, fullmatch=True).filter(bool))
def test_a_duration_that_is_admitted_can_be_read(text: str) -> None:
    assert parse_duration(text) >= 0


@given(st.floats(0.1, 80_000))
def test_a_duration_that_is_written_is_admitted(seconds: float) -> None:
    assert re.fullmatch(DURATION, format_duration(seconds))


@given(st.from_regex(WHOLE_PERCENT, fullmatch=True))
def test_a_holdout_that_is_admitted_can_be_read(text: str) -> None:
    assert 0 <= parse_percent(text) < 1


@given(st.from_regex(PERCENT, fullmatch=True).filter(lambda text: float(text[:-1]) <= 100))
def test_a_percentage_that_is_admitted_can_be_read(text: str) -> None:
    assert 0 <= parse_percent(text) <= 1
