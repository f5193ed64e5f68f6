"""The schemas of record: complete, bounded, and every refusal says what to write."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model.json import Body, JsonObject
from sluice.model.references import GROUP, ROLLOUTS, STARTUPGRAPHS, VERSION, Resource
from sluice.model.scalars import format_duration, parse_duration, parse_percent
from sluice.startup.init.spec import Init, read_init
from sluice.startup.init.step import FIELDS
from sluice.startup.min_ready import min_ready
from tests.manifest_files import CRDS, Place, documents, places, schema_of

PLACES_OF = {kind: {place.path: place for place in places(schema_of(kind))} for kind in CRDS}
PLACES = PLACES_OF[ROLLOUTS]
DURATION = PLACES["spec.bake"].schema.text("pattern")
PERCENT = PLACES["spec.analysis.outage.above"].schema.text("pattern")
WHOLE_PERCENT = PLACES["spec.holdout"].schema.text("pattern")

EITHER = PLACES_OF[STARTUPGRAPHS]["spec.nodes[].minReady"].schema.text("pattern")


def init_of(changes: JsonObject) -> Init:
    body: JsonObject = {
        "kind": "Task",
        "backoffLimit": 2,
        "timeout": "30m",
        "job": {"image": "shop/db:43"},
    }
    return read_init(Body({**body, **changes}), "shop", "migrate")


def version_of(text: str) -> str:
    return init_of({"version": text}).version


def lock_of(text: str) -> str:
    return init_of({"lock": text}).lock


of_each_kind = pytest.mark.parametrize("kind", CRDS, ids=lambda kind: kind.kind)


def rules(place: Place) -> tuple[Body, ...]:
    return place.schema.bodies("x-kubernetes-validations")


@of_each_kind
def test_it_is_named_as_the_code_names_it(kind: Resource) -> None:
    (crd,) = documents(CRDS[kind])
    assert crd.text("spec", "group") == GROUP
    assert crd.text("spec", "names", "kind") == kind.kind
    assert crd.text("spec", "names", "plural") == kind.plural
    assert crd.text("metadata", "name") == f"{kind.plural}.{GROUP}"
    assert [version.text("name") for version in crd.bodies("spec", "versions")] == [VERSION]


@of_each_kind
def test_every_column_shows_a_field(kind: Resource) -> None:
    (crd,) = documents(CRDS[kind])
    (version,) = crd.bodies("spec", "versions")
    shown = [column.text("jsonPath") for column in version.bodies("additionalPrinterColumns")]
    plain = {path.removeprefix(".") for path in shown if "[" not in path}
    assert plain - {*PLACES_OF[kind], "metadata.creationTimestamp"} == set()


@of_each_kind
def test_every_field_has_a_description(kind: Resource) -> None:
    # The API server forbids one on metadata.
    described = (place for place in PLACES_OF[kind].values() if place.path != "metadata")
    lacking = [p.path for p in described if not p.schema.text("description", default="")]
    assert lacking == []


@of_each_kind
def test_every_field_is_bounded(kind: Resource) -> None:
    assert [place.path for place in PLACES_OF[kind].values() if not bounded(place)] == []


def bounded(place: Place) -> bool:
    """Whether a value has an end, so that the API server can bound the cost of the rules."""
    match place.type:
        case "string":
            return place.schema.has("maxLength")
        case "array":
            return place.schema.has("maxItems")
        case "object":
            if place.schema.has("additionalProperties"):
                value = Place(f"{place.path}.*", place.schema.body("additionalProperties"))
                return place.schema.has("maxProperties") and bounded(value)
            kept = place.schema.has("x-kubernetes-preserve-unknown-fields")
            return place.schema.has("properties") and not kept
        case "integer":
            return place.schema.has("format")
        case "integer or string":
            return place.schema.has("maximum") and place.schema.has("pattern")
        case other:
            return other in {"number", "boolean"}


@of_each_kind
def test_every_default_is_told(kind: Resource) -> None:
    assert [place.path for place in PLACES_OF[kind].values() if not tells_default(place)] == []


def tells_default(place: Place) -> bool:
    """Whether the description names the default; that of a list or an object stands inside it."""
    default = place.schema.json("default")
    if default is None or place.type in {"array", "object"}:
        return True
    told = str(default).lower() if isinstance(default, bool) else str(default)
    text = place.schema.text("description")
    return f"Default: {told}." in text or f"{told}, the default." in text


@of_each_kind
def test_every_default_that_is_told_is_set(kind: Resource) -> None:
    told = [
        p
        for p in PLACES_OF[kind].values()
        if "Default: " in p.schema.text("description", default="")
    ]
    assert [place.path for place in told if not place.schema.has("default")] == []


@of_each_kind
def test_every_rule_says_what_to_write(kind: Resource) -> None:
    told = {
        rule.text("rule"): rule.text("messageExpression", default="") or rule.text("message")
        for place in PLACES_OF[kind].values()
        for rule in rules(place)
    }
    assert [rule for rule, message in told.items() if not re.search(r"\bwrite\b", message)] == []


@of_each_kind
def test_every_pattern_is_explained_by_a_rule(kind: Resource) -> None:
    mute = {place.path for place in PLACES_OF[kind].values() if not explains_pattern(place)}
    # A Service's name has the pattern of all names and a narrower rule. Of variables and objects
    # of an init Job there may be so many that CEL would exceed the API server's budget.
    many = {place.path for place in of_steps("env[]", "envFrom[]", "volumes[]")}
    assert mute - {"spec.service.name"} <= many


def of_steps(*fields: str) -> tuple[Place, ...]:
    """Return what stands below these fields of the jobs of init nodes."""
    steps = [f"spec.nodes[].init.{step}." for step in ("job", "down")]
    below = tuple(f"{step}{field}" for step in steps for field in fields)
    return tuple(p for p in PLACES_OF[STARTUPGRAPHS].values() if p.path.startswith(below))


def explains_pattern(place: Place) -> bool:
    # CEL cannot bound the cost of a rule on a value that may be a number or a text.
    if not place.schema.has("pattern") or place.type == "integer or string":
        return True
    call = f"matches('{place.schema.text('pattern')}')"
    return any(call in rule.text("rule") for rule in rules(place))


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        pytest.param(ROLLOUTS, 11, id="Rollout"),
        pytest.param(STARTUPGRAPHS, 6, id="StartupGraph"),
    ],
)
def test_all_durations_are_written_alike(kind: Resource, count: int) -> None:
    patterns = [p.schema.text("pattern", default="") for p in PLACES_OF[kind].values()]
    units = [pattern for pattern in patterns if "h)?(" in pattern]
    assert units == [DURATION] * count


def test_a_job_has_the_fields_that_the_code_reads() -> None:
    init = schema_of(STARTUPGRAPHS).body("properties", "spec", "properties", "nodes", "items")
    steps = init.body("properties", "init", "properties")
    for step in ("job", "down"):
        assert set(steps.body(step, "properties").value) == set(FIELDS)


def test_nothing_of_a_job_has_a_default() -> None:
    # The checksum is of what was written: what a default adds later would change it.
    assert [place.path for place in of_steps("") if place.schema.has("default")] == []
    assert len(of_steps("")) > len(FIELDS)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        pytest.param("version", version_of, id="a version"),
        pytest.param("lock", lock_of, id="a lock"),
    ],
)
@given(data=st.data())
def test_what_is_admitted_of_an_init_node_can_be_read(
    data: st.DataObject, path: str, read: Callable[[str], str]
) -> None:
    pattern = PLACES_OF[STARTUPGRAPHS][f"spec.nodes[].init.{path}"].schema.text("pattern")
    text = data.draw(st.from_regex(pattern, fullmatch=True))
    assert read(text) == text


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


@given(st.from_regex(EITHER, fullmatch=True))
def test_an_amount_of_pods_that_is_admitted_can_be_read(text: str) -> None:
    assert min_ready(Body({"minReady": text}), "minReady").of(100) <= 100
