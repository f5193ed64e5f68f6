from dataclasses import replace

import pytest

from sluice.model.cluster import (
    Autoscaler,
    DisruptionBudget,
    HttpRoute,
    NetworkPolicy,
    PodMonitor,
    VolumeClaim,
)
from sluice.model.json import Body, Json
from sluice.model.plan import Note
from sluice.model.problems import Invalid, Problem, Stalled, Waiting
from sluice.model.reasons import Reason
from sluice.rollout.refusals import refusal, warnings
from sluice.rollout.surroundings import Surroundings
from tests.unit.rollout.given import (
    deployment,
    metadata,
    ref,
    route,
    route_body,
    service,
    spec,
    summary,
)

LEAVING = replace(deployment().meta, deleting=True)
REMEDY = "{key: app, operator: In, values: [checkout, checkout-canary]}"

GOOD = Surroundings(
    own=summary(),
    spec=spec(),
    target=deployment(),
    service=service(),
    routes={"checkout": route([ref("checkout")])},
    rollouts=(summary("cart", "cart", "cart"),),
)


def selecting(**labels: str) -> Json:
    return {"matchLabels": labels}


def policy(selector: Json, *, ingress: Json = (), egress: Json = ()) -> NetworkPolicy:
    rules = {"podSelector": selector, "ingress": ingress, "egress": egress}
    return NetworkPolicy.from_body(Body({"metadata": metadata("guard"), "spec": rules}))


def budget(selector: Json) -> DisruptionBudget:
    return DisruptionBudget.from_body(
        Body({"metadata": metadata("two-at-least"), "spec": {"selector": selector}})
    )


def monitor(selector: Json, **more: Json) -> PodMonitor:
    return PodMonitor.from_body(
        Body({"metadata": metadata("shop-metrics"), "spec": {"selector": selector, **more}})
    )


def autoscaler(kind: str = "Deployment", name: str = "checkout") -> Autoscaler:
    target = {"scaleTargetRef": {"kind": kind, "name": name}}
    return Autoscaler.from_body(Body({"metadata": metadata("busy"), "spec": target}))


def claim(*modes: str, name: str = "data") -> VolumeClaim:
    return VolumeClaim.from_body(Body({"metadata": metadata(name), "spec": {"accessModes": modes}}))


def reported(resolved: str) -> HttpRoute:
    conditions: Json = [
        {"type": "Accepted", "status": "True", "observedGeneration": 1},
        {"type": "ResolvedRefs", "status": resolved, "observedGeneration": 1},
    ]
    parent: Json = {"parentRef": {"name": "public"}, "conditions": conditions}
    return HttpRoute.from_body(Body(route_body([[ref("checkout")]], (), [parent])))


MOUNTING = deployment(
    pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
)
PORTS: list[Json] = [{"port": 80}, {"port": 81}]
OLDER, YOUNGER = "2026-11-21T11:59:59Z", "2026-11-21T12:00:01Z"
FROM_STABLE: Json = [{"from": [{"podSelector": selecting(app="checkout")}]}]
FROM_ELSEWHERE: Json = [
    {"from": [{"podSelector": selecting(app="checkout"), "namespaceSelector": {}}]}
]
TO_BOTH: Json = [{"to": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}]


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(GOOD, id="everything is there"),
        pytest.param(replace(GOOD, rollouts=()), id="nobody has claimed anything"),
        pytest.param(
            replace(GOOD, routes={"checkout": reported("True")}), id="the Gateway has the route"
        ),
        pytest.param(
            replace(GOOD, spec=spec(service={"name": "checkout", "port": 80})),
            id="the Service has the port",
        ),
        pytest.param(
            replace(GOOD, target=MOUNTING, claims=(claim("ReadWriteMany"),)),
            id="the volume is shared",
        ),
        pytest.param(
            replace(GOOD, claims=(claim("ReadWriteOnce"),)), id="the volume is of other pods"
        ),
        pytest.param(replace(GOOD, target=MOUNTING), id="the volume claim is not there yet"),
        pytest.param(
            replace(GOOD, autoscalers=(autoscaler("StatefulSet"), autoscaler(name="cart"))),
            id="autoscalers scale other things",
        ),
        pytest.param(
            replace(
                GOOD,
                policies=(
                    policy({}, egress=TO_BOTH),
                    policy(selecting(app="cart"), ingress=FROM_ELSEWHERE),
                ),
            ),
            id="network policies treat both versions alike",
        ),
        pytest.param(
            replace(
                GOOD,
                policies=(
                    policy(
                        {
                            "matchExpressions": [
                                {
                                    "key": "app",
                                    "operator": "In",
                                    "values": ["checkout", "checkout-canary"],
                                }
                            ]
                        }
                    ),
                ),
            ),
            id="a network policy was written as the message says",
        ),
        pytest.param(
            replace(GOOD, budgets=(budget(selecting(app="checkout")),)),
            id="a disruption budget misses the canary",
        ),
        pytest.param(
            replace(GOOD, monitors=(monitor(selecting(app="checkout")),)),
            id="a pod monitor misses the canary",
        ),
    ],
)
def test_a_rollout_can_begin(around: Surroundings) -> None:
    assert refusal(around) is None


@pytest.mark.parametrize(
    ("around", "kind", "reason", "words"),
    [
        pytest.param(
            replace(GOOD, rollouts=(summary("first"),)),
            Stalled,
            Reason.CONFLICT,
            ("Rollout first", "Deployment checkout and Service checkout", "first and checkout"),
            id="another Rollout has both",
        ),
        pytest.param(
            replace(GOOD, rollouts=(summary("a", "checkout", "cart"),)),
            Stalled,
            Reason.CONFLICT,
            ("Rollout a has Deployment checkout already",),
            id="another Rollout has the Deployment",
        ),
        pytest.param(
            replace(GOOD, target=None, rollouts=(summary("a", "cart", "checkout"),)),
            Stalled,
            Reason.CONFLICT,
            ("Rollout a has Service checkout already",),
            id="the other one has the Service, whatever else is missing",
        ),
        pytest.param(
            replace(GOOD, target=None, service=None),
            Waiting,
            Reason.TARGET_NOT_FOUND,
            ("Deployment shop/checkout", "once it is there"),
            id="there is no Deployment",
        ),
        pytest.param(
            replace(
                GOOD, target=replace(deployment(), meta=replace(deployment().meta, deleting=True))
            ),
            Waiting,
            Reason.TARGET_NOT_FOUND,
            ("Deployment shop/checkout",),
            id="the Deployment is being deleted",
        ),
        pytest.param(
            replace(GOOD, service=None, routes={}),
            Waiting,
            Reason.SERVICE_NOT_FOUND,
            ("Service shop/checkout",),
            id="there is no Service",
        ),
        pytest.param(
            replace(GOOD, service=replace(service(), meta=LEAVING)),
            Waiting,
            Reason.SERVICE_NOT_FOUND,
            ("Service shop/checkout",),
            id="the Service is being deleted",
        ),
        pytest.param(
            replace(GOOD, service=service(clusterIP="None")),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("Service checkout is headless", "ClusterIP"),
            id="the Service is headless",
        ),
        pytest.param(
            replace(GOOD, service=service({})),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("Service checkout has no selector",),
            id="the Service selects nothing",
        ),
        pytest.param(
            replace(
                GOOD,
                spec=spec(service={"name": "checkout", "port": 8080}),
                service=service(None, PORTS),
            ),
            Invalid,
            Reason.INVALID_SPEC,
            ("spec.service.port 8080", "has 80, 81"),
            id="the Service does not have the port",
        ),
        pytest.param(
            replace(
                GOOD,
                spec=spec(service={"name": "checkout", "port": 8080}),
                service=replace(service(), ports=()),
            ),
            Invalid,
            Reason.INVALID_SPEC,
            ("has none",),
            id="the Service has no port",
        ),
        pytest.param(
            replace(GOOD, service=service({"app": "checkout", "tier": "web"})),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("selects tier=web", "pods of Deployment checkout do not have"),
            id="the Service selects other pods",
        ),
        pytest.param(
            replace(
                GOOD,
                target=replace(deployment(), template_labels={"app": "checkout", "tier": "web"}),
                service=service({"tier": "web"}),
            ),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("selects on app, Service checkout on tier",),
            id="no label tells the versions apart",
        ),
        pytest.param(
            replace(GOOD, routes={}),
            Waiting,
            Reason.ROUTE_NOT_FOUND,
            ("HTTPRoute shop/checkout",),
            id="there is no route",
        ),
        pytest.param(
            replace(GOOD, routes={"checkout": route([ref("cart")])}),
            Invalid,
            Reason.ROUTE_MISMATCH,
            ("cart:80",),
            id="the route sends elsewhere",
        ),
        pytest.param(
            replace(GOOD, routes={"checkout": route([ref("checkout", 50), ref("legacy", 50)])}),
            Invalid,
            Reason.ROUTE_MISMATCH,
            ("write weight 100",),
            id="a part of the route is not whole at the smallest step",
        ),
        pytest.param(
            replace(GOOD, routes={"checkout": reported("False")}),
            Waiting,
            Reason.ROUTE_NOT_ACCEPTED,
            ("HTTPRoute checkout: Gateway public", "ResolvedRefs=False", "mend the route"),
            id="the Gateway refuses the route already",
        ),
        pytest.param(
            replace(
                GOOD,
                target=deployment(
                    spec={"strategy": {"type": "Recreate"}, "revisionHistoryLimit": 0}
                ),
                autoscalers=(autoscaler(),),
            ),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("Deployment checkout", "Recreate; write RollingUpdate", "revisionHistoryLimit is 0"),
            id="the Deployment cannot run in two versions",
        ),
        pytest.param(
            replace(GOOD, target=MOUNTING, claims=(claim("ReadWriteOnce"),)),
            Invalid,
            Reason.UNSUPPORTED_TARGET,
            ("PersistentVolumeClaim data, ReadWriteOnce", "[ReadWriteMany]"),
            id="the volume can be mounted once",
        ),
        pytest.param(
            replace(GOOD, autoscalers=(autoscaler(name="cart"), autoscaler())),
            Stalled,
            Reason.AUTOSCALER_UNSUPPORTED,
            ("HorizontalPodAutoscaler busy", "spec.replicas"),
            id="an autoscaler scales the Deployment",
        ),
        pytest.param(
            replace(GOOD, policies=(policy({}), policy(selecting(app="checkout")))),
            Stalled,
            Reason.NETWORK_POLICY_EXCLUDES_CANARY,
            ("NetworkPolicy guard applies to the stable pods", REMEDY),
            id="a network policy applies to stable only",
        ),
        pytest.param(
            replace(GOOD, policies=(policy(selecting(app="db"), ingress=FROM_STABLE),)),
            Stalled,
            Reason.NETWORK_POLICY_EXCLUDES_CANARY,
            ("NetworkPolicy guard has rules for traffic with the stable pods", REMEDY),
            id="a network policy lets in stable only",
        ),
    ],
)
def test_a_rollout_cannot_begin(
    around: Surroundings, kind: type[Problem], reason: Reason, words: tuple[str, ...]
) -> None:
    problem = refusal(around)

    assert isinstance(problem, kind)
    assert problem.reason is reason
    assert all(word in problem.message for word in words), problem.message


def test_a_disruption_budget_that_misses_the_canary_is_named() -> None:
    budgets = (budget(selecting(app="checkout")), budget({}), budget(selecting(app="cart")))

    notes = warnings(replace(GOOD, budgets=budgets))

    assert [note.reason for note in notes] == [Reason.DISRUPTION_BUDGET_MISSES_CANARY]
    assert "PodDisruptionBudget two-at-least" in notes[0].message
    assert REMEDY in notes[0].message
    assert isinstance(notes[0], Note)


def test_a_pod_monitor_that_misses_the_canary_is_named() -> None:
    notes = warnings(replace(GOOD, monitors=(monitor(selecting(app="checkout")),)))

    assert [note.reason for note in notes] == [Reason.POD_MONITOR_MISSES_CANARY]
    message = notes[0].message
    assert "PodMonitor shop-metrics selects the stable pods but not the canary's" in message
    assert "app: checkout-canary" in message
    assert REMEDY in message


BOTH: Json = {
    "matchExpressions": [
        {"key": "app", "operator": "In", "values": ["checkout", "checkout-canary"]}
    ]
}


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(monitor({}), id="selects every pod"),
        pytest.param(monitor(BOTH), id="was written as the message says"),
        pytest.param(monitor(selecting(app="cart")), id="selects other pods"),
        pytest.param(monitor(selecting(app="checkout-canary")), id="selects the canary's alone"),
        pytest.param(
            monitor(selecting(app="checkout"), namespaceSelector={"matchNames": ["cart"]}),
            id="looks for pods in another namespace",
        ),
    ],
)
def test_nobody_is_warned_of_a_pod_monitor_that(harmless: PodMonitor) -> None:
    assert warnings(replace(GOOD, monitors=(harmless,))) == ()


def test_everything_that_misses_the_canary_is_named() -> None:
    selector = selecting(app="checkout")

    notes = warnings(replace(GOOD, budgets=(budget(selector),), monitors=(monitor(selector),) * 2))

    assert [note.reason for note in notes] == [
        Reason.DISRUPTION_BUDGET_MISSES_CANARY,
        Reason.POD_MONITOR_MISSES_CANARY,
        Reason.POD_MONITOR_MISSES_CANARY,
    ]


def test_there_is_nothing_to_warn_of_where_no_rollout_can_begin() -> None:
    around = replace(GOOD, target=None, budgets=(budget(selecting(app="checkout")),))

    assert warnings(around) == ()
