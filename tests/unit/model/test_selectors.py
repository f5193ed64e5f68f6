"""Label selectors: the four operators of meta/v1."""

import pytest

from sluice.model.cluster.policies import LabelSelector
from sluice.model.json import Body, JsonObject

LABELS = {"app": "shop", "tier": "web"}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        pytest.param({}, True, id="an empty one selects everything"),
        pytest.param({"matchLabels": {"app": "shop"}}, True, id="equal"),
        pytest.param({"matchLabels": {"app": "cart"}}, False, id="not equal"),
        pytest.param({"matchLabels": {"zone": "a"}}, False, id="absent"),
    ],
)
def test_labels(selector: JsonObject, *, selects: bool) -> None:
    assert LabelSelector.from_body(Body(selector)).matches(LABELS) is selects


@pytest.mark.parametrize(
    ("key", "operator", "values", "selects"),
    [
        ("app", "In", ["shop", "cart"], True),
        ("app", "In", ["cart"], False),
        ("zone", "In", ["a"], False),
        ("app", "NotIn", ["cart"], True),
        ("app", "NotIn", ["shop"], False),
        ("zone", "NotIn", ["a"], True),
        ("app", "Exists", [], True),
        ("zone", "Exists", [], False),
        ("app", "DoesNotExist", [], False),
        ("zone", "DoesNotExist", [], True),
    ],
)
def test_requirements(key: str, operator: str, values: list[str], *, selects: bool) -> None:
    requirement: JsonObject = {"key": key, "operator": operator, "values": values}
    selector = LabelSelector.from_body(Body({"matchExpressions": [requirement]}))

    assert selector.matches(LABELS) is selects
