"""Label selectors, with the four operators of meta/v1, and where they are applied."""

import pytest

from sluice.model.cluster.policies import LabelSelector, PodMonitor
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


@pytest.mark.parametrize(
    ("where", "at_home"),
    [
        pytest.param({}, True, id="nothing said"),
        pytest.param({"namespaceSelector": {}}, True, id="an empty selector"),
        pytest.param({"namespaceSelector": {"any": True}}, True, id="any"),
        pytest.param(
            {"namespaceSelector": {"any": True, "matchNames": ["cart"]}}, True, id="any, and others"
        ),
        pytest.param({"namespaceSelector": {"matchNames": []}}, True, id="no names"),
        pytest.param({"namespaceSelector": {"matchNames": ["cart", "shop"]}}, True, id="its own"),
        pytest.param({"namespaceSelector": {"matchNames": ["cart"]}}, False, id="others only"),
    ],
)
def test_a_pod_monitor_looks_for_pods_in_its_own_namespace(
    where: JsonObject, *, at_home: bool
) -> None:
    meta: JsonObject = {
        "name": "checkout",
        "namespace": "shop",
        "uid": "uid-of-checkout",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-21T12:00:00Z",
    }
    body: JsonObject = {"metadata": meta, "spec": {"selector": {"matchLabels": LABELS}, **where}}
    monitor = PodMonitor.from_body(Body(body))

    assert monitor.at_home is at_home
    assert monitor.selector.matches(LABELS)
