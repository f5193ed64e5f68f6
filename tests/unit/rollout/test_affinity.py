import pytest

from sluice.model.json import Json, JsonObject
from sluice.rollout.affinity import follow


def selecting(*values: str, key: str = "app") -> dict[str, Json]:
    requirement: Json = {"key": key, "operator": "In", "values": list(values)}
    return {"matchExpressions": [requirement]}


def required(kind: str, selector: Json) -> dict[str, Json]:
    term: dict[str, Json] = {"labelSelector": selector, "topologyKey": "zone"}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def preferred(kind: str, selector: Json) -> dict[str, Json]:
    term: dict[str, Json] = {"labelSelector": selector, "topologyKey": "zone"}
    weighted: Json = {"weight": 5, "podAffinityTerm": term}
    return {"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}}


def spread(selector: Json) -> dict[str, Json]:
    keys: Json = ["pod-template-hash"]
    constraint: Json = {"maxSkew": 1, "labelSelector": selector, "matchLabelKeys": keys}
    return {"topologySpreadConstraints": [constraint]}


OLD = {"matchLabels": {"app": "checkout", "tier": "web"}}
NEW = {"matchLabels": {"app": "checkout-canary", "tier": "web"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            required("podAntiAffinity", OLD),
            required("podAntiAffinity", NEW),
            id="follows in a required anti-affinity",
        ),
        pytest.param(
            preferred("podAntiAffinity", OLD),
            preferred("podAntiAffinity", NEW),
            id="follows in a preferred anti-affinity",
        ),
        pytest.param(
            required("podAffinity", OLD), required("podAffinity", NEW), id="follows in an affinity"
        ),
        pytest.param(spread(OLD), spread(NEW), id="follows in a spread, its label keys stay"),
        pytest.param(
            spread(selecting("cart", "checkout")),
            spread(selecting("cart", "checkout-canary")),
            id="follows among the values of a requirement",
        ),
        pytest.param(
            spread({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
            spread({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
            id="leaves a requirement without values alone",
        ),
        pytest.param(
            spread(selecting("checkout", key="tier")),
            spread(selecting("checkout", key="tier")),
            id="leaves the same value of another key alone",
        ),
        pytest.param(
            spread({"matchLabels": {"app": "cart"}}),
            spread({"matchLabels": {"app": "cart"}}),
            id="leaves other applications alone",
        ),
        pytest.param(spread(None), spread(None), id="leaves an absent selector alone"),
        pytest.param(
            spread({"matchExpressions": ["odd"]}),
            spread({"matchExpressions": ["odd"]}),
            id="leaves what is no requirement alone",
        ),
        pytest.param(
            {"containers": [{"name": "checkout"}]},
            {"containers": [{"name": "checkout"}]},
            id="leaves a pod without placement rules alone",
        ),
        pytest.param(
            {"affinity": {"nodeAffinity": {"labels": {"app": "checkout"}}}},
            {"affinity": {"nodeAffinity": {"labels": {"app": "checkout"}}}},
            id="leaves the choice of nodes alone",
        ),
    ],
)
def test_follow(before: JsonObject, after: JsonObject) -> None:
    assert follow(before, "app", "checkout", "checkout-canary") == after


def test_follow_does_not_change_what_it_is_given() -> None:
    before = spread({"matchLabels": {"app": "checkout"}})

    follow(before, "app", "checkout", "checkout-canary")

    assert before == spread({"matchLabels": {"app": "checkout"}})
