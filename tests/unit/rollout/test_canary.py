from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluice.model.json import Body, Json
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.rollout.canary import (
    Canary,
    canary_deployment,
    canary_labels,
    canary_name,
    canary_service,
    canary_service_name,
    canary_template,
    canary_value,
    is_canary_of,
    label_key,
)
from tests.unit.rollout.given import (
    NAMESPACE,
    as_created,
    deployment,
    deployment_body,
    service,
    service_body,
    template,
)

CANARY = Canary("checkout", "uid-1", "abc123", "app")
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?", fullmatch=True)
LABELS = st.dictionaries(st.sampled_from(["tier", "zone", "team"]), NAMES.map(lambda n: n[:63]))
IMAGES = st.sampled_from(["checkout:1", "checkout:2", "checkout:3"])
POD_LABELS = {
    "sluice.dev/rollout": "checkout",
    "sluice.dev/role": "canary",
    "sluice.dev/revision": "abc123",
}


@pytest.mark.parametrize(
    ("deployment_labels", "service_labels", "asked", "expected"),
    [
        pytest.param(("app",), ("app",), None, "app", id="takes the only one that both have"),
        pytest.param(
            ("tier", "app"), ("tier", "app"), None, "app", id="takes the first by the alphabet"
        ),
        pytest.param(("app", "tier"), ("tier",), None, "tier", id="takes one that the Service has"),
        pytest.param(("app", "tier"), ("app", "tier"), "tier", "tier", id="takes what was asked"),
    ],
)
def test_label_key(
    deployment_labels: tuple[str, ...],
    service_labels: tuple[str, ...],
    asked: str | None,
    expected: str,
) -> None:
    target = deployment(labels=dict.fromkeys(deployment_labels, "x"))
    chosen = label_key(asked, target, service(dict.fromkeys(service_labels, "x")))

    assert chosen == expected


@pytest.mark.parametrize(
    ("service_labels", "asked", "words"),
    [
        pytest.param(
            {"tier": "x"},
            None,
            ("selects on app", "Service checkout on tier", "selector.matchLabels"),
            id="says what either selects on when nothing is shared",
        ),
        pytest.param(
            {"app": "x", "tier": "x"},
            "tier",
            ("on app, tier", "labelKey: app instead of tier"),
            id="names a label that would do instead",
        ),
        pytest.param({}, None, ("on nothing",), id="says when the Service selects on nothing"),
    ],
)
def test_label_key_refuses(
    service_labels: Mapping[str, str], asked: str | None, words: tuple[str, ...]
) -> None:
    problem = label_key(asked, deployment(), service(service_labels))

    assert isinstance(problem, Invalid)
    assert problem.reason is Reason.UNSUPPORTED_TARGET
    assert all(word in problem.message for word in words), problem.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("checkout", "checkout-canary", id="adds a suffix"),
        pytest.param("", "canary", id="makes a value of none"),
        pytest.param("x" * 56, "x" * 56 + "-canary", id="leaves a value that just fits whole"),
    ],
)
def test_canary_value(value: str, expected: str) -> None:
    assert canary_value(value) == expected


@given(NAMES, NAMES)
@example("checkout-" * 8 + "a", "checkout-" * 8 + "b")
def test_names_fit_and_differ_where_what_they_are_made_of_differs(one: str, other: str) -> None:
    names = [canary_name(name, "0123456789") for name in (one, other)]
    values = [canary_value(name) for name in (one, other)]

    assert all(len(name) <= 63 - 11 - 6 and name.endswith("-canary-0123456789") for name in names)
    assert all(len(value) <= 63 and value.endswith("-canary") for value in values)
    assert (names[0] == names[1]) == (one == other)
    assert (values[0] == values[1]) == (one == other)


def test_template_differs_in_one_label_of_the_users_and_in_ours() -> None:
    labels = {"app": "checkout", "tier": "web"}
    spread: Json = [{"labelSelector": {"matchLabels": {"app": "checkout"}}}]
    before = template(labels, topologySpreadConstraints=spread)

    after = canary_template(Body(before), CANARY)

    follows: Json = [{"labelSelector": {"matchLabels": {"app": "checkout-canary"}}}]
    changed = {**labels, "app": "checkout-canary", **POD_LABELS}
    assert after == template(changed, topologySpreadConstraints=follows)
    assert before == template(labels, topologySpreadConstraints=spread)


def test_deployment_has_our_labels_and_nothing_of_the_users_metadata() -> None:
    manifest = canary_deployment(Body(deployment_body()), CANARY, 2)

    assert manifest == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "checkout-canary-abc123",
            "namespace": NAMESPACE,
            "labels": {**POD_LABELS, "sluice.dev/rollout-uid": "uid-1"},
        },
        "spec": {
            "replicas": 2,
            "selector": {
                "matchLabels": {"app": "checkout-canary", "sluice.dev/revision": "abc123"}
            },
            "template": canary_template(Body(template()), CANARY),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "progressDeadlineSeconds": 600,
        },
    }


@pytest.mark.parametrize(
    ("requirement", "kept"),
    [
        pytest.param({"key": "tier", "operator": "Exists"}, True, id="keeps one of another label"),
        pytest.param(
            {"key": "app", "operator": "NotIn", "values": ["cart"]},
            True,
            id="keeps one that the changed label meets",
        ),
        pytest.param(
            {"key": "app", "operator": "In", "values": ["checkout"]},
            False,
            id="leaves out one that only the stable version meets",
        ),
    ],
)
def test_deployment_selects_its_own_pods(requirement: Json, *, kept: bool) -> None:
    labels = {"app": "checkout", "tier": "web"}
    target = deployment_body(labels=labels, expressions=[requirement])

    manifest = canary_deployment(Body(target), CANARY, 1)
    created = as_created(manifest)

    assert created.selector.matches(created.template_labels)
    assert not created.selector.matches(labels)
    assert bool(created.selector.requirements) is kept


def test_neither_the_users_service_nor_deployment_selects_the_canary() -> None:
    target = deployment(labels={"app": "checkout", "tier": "web"})

    labels = canary_labels(target, CANARY)

    assert labels == {"app": "checkout-canary", "tier": "web", **POD_LABELS}
    assert not target.selector.matches(labels)


def test_service_is_internal_and_has_the_same_ports() -> None:
    ports: list[Json] = [
        {"name": "http", "port": 80, "targetPort": "web", "nodePort": 30080, "protocol": "TCP"},
        {"name": "grpc", "port": 81, "targetPort": 9090, "appProtocol": "h2c"},
    ]
    body = service_body({"app": "checkout", "tier": "web"}, ports, ipFamilyPolicy="SingleStack")

    manifest = canary_service(Body(body), CANARY)

    assert manifest == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "checkout-canary",
            "namespace": NAMESPACE,
            "labels": {
                "sluice.dev/rollout": "checkout",
                "sluice.dev/rollout-uid": "uid-1",
                "sluice.dev/role": "canary",
            },
        },
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": "checkout-canary", "tier": "web"},
            "ports": [
                {"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"},
                {
                    "name": "grpc",
                    "port": 81,
                    "targetPort": 9090,
                    "appProtocol": "h2c",
                },
            ],
            "ipFamilyPolicy": "SingleStack",
        },
    }
    assert canary_service_name("checkout") == "checkout-canary"


def test_service_selects_exactly_the_canary() -> None:
    target = deployment()
    selector = Body(canary_service(Body(service_body()), CANARY)).labels("spec", "selector")

    created = as_created(canary_deployment(Body(deployment_body()), CANARY, 1))

    assert selector.items() <= created.template_labels.items()
    assert not selector.items() <= target.template_labels.items()


@given(LABELS, IMAGES, IMAGES, st.sampled_from(["app", "tier"]))
def test_a_canary_is_recognised_by_its_template_alone(
    labels: dict[str, str], image: str, current: str, key: str
) -> None:
    own = {"app": "checkout", "tier": "web", **labels}

    def target(wanted: str) -> Body:
        pod: dict[str, Json] = {"containers": [{"name": "app", "image": wanted}]}
        return Body(deployment_body(labels=own, pod=pod))

    canary = Canary("checkout", "uid-1", "of-another-day", key)
    created = as_created(canary_deployment(target(image), canary, 0))

    assert is_canary_of(target(current), created) == (image == current)


def test_a_default_that_an_upgrade_adds_to_both_makes_no_difference() -> None:
    before = Body(deployment_body())
    manifest = Body(canary_deployment(before, CANARY, 0)).value
    upgraded = deployment_body(pod={"newDefault": True})
    spec = Body(manifest).body("spec")
    pod = {**spec.body("template").body("spec").value, "newDefault": True}
    stored = {**spec.value, "template": {**spec.body("template").value, "spec": pod}}

    assert is_canary_of(Body(upgraded), as_created({**manifest, "spec": stored}))
    assert not is_canary_of(before, as_created({**manifest, "spec": stored}))


def test_a_strangers_deployment_is_no_canary() -> None:
    assert not is_canary_of(Body(deployment_body()), deployment(name="cart"))
