from collections.abc import Mapping, Sequence

import pytest

from sluice.model.cluster import HttpRoute
from sluice.model.json import Json
from sluice.model.plan import Expectation, Fence, Operation, Patch
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.model.references import ROLLOUTS, ObjectRef
from sluice.rollout.routes.gateway_api import (
    carries,
    desired,
    read_weight,
    route_patch,
    shifted_rules,
)
from sluice.rollout.routes.parts import Split
from sluice.rollout.spec import RouteTarget
from tests.unit.rollout.given import ALL_RULES, NAMESPACE, SPLIT, ref, route, spec

FILTER: Json = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-a"]}}]
STEPS = (1, 10, 50, 95, 100)
ON_80 = Split(NAMESPACE, "checkout", "checkout-canary", 80)


def backends(operations: Sequence[Operation]) -> Mapping[str, Json]:
    assert all(operation.op == "replace" for operation in operations)
    return {operation.path: operation.value for operation in operations}


@pytest.mark.parametrize(
    ("before", "percent", "after"),
    [
        pytest.param(
            [ref("checkout")],
            10,
            (ref("checkout", 90), ref("checkout-canary", 10)),
            id="splits a sole backend in hundredths",
        ),
        pytest.param(
            [ref("checkout", 3)],
            10,
            (ref("checkout", 270), ref("checkout-canary", 30)),
            id="splits a sole backend in hundredths of what its author wrote",
        ),
        pytest.param(
            [ref("checkout", 100)],
            10,
            (ref("checkout", 9000), ref("checkout-canary", 1000)),
            id="does not take a weight of 100 for one that it wrote itself",
        ),
        pytest.param(
            [ref("checkout", None)],
            1,
            (ref("checkout", 99), ref("checkout-canary", 1)),
            id="takes a missing weight as 1",
        ),
        pytest.param(
            [ref("checkout")],
            0,
            (ref("checkout", 100), ref("checkout-canary", 0)),
            id="puts the canary in without traffic",
        ),
        pytest.param(
            [ref("checkout", 90), ref("checkout-canary", 10)],
            100,
            (ref("checkout", 0), ref("checkout-canary", 100)),
            id="gives the canary everything",
        ),
        pytest.param(
            [ref("checkout", 90), ref("checkout-canary", 10)],
            None,
            (ref("checkout", 1),),
            id="restores the 1 of a sole backend",
        ),
        pytest.param(
            [ref("legacy", 60), ref("checkout", 40)],
            10,
            (ref("legacy", 60), ref("checkout", 36), ref("checkout-canary", 4)),
            id="keeps our share beside a backend of others",
        ),
        pytest.param(
            [ref("checkout", 36), ref("checkout-canary", 4), ref("legacy", 60)],
            None,
            (ref("checkout", 40), ref("legacy", 60)),
            id="restores our share beside a backend of others",
        ),
        pytest.param(
            [ref("checkout", 40), ref("legacy", 60)],
            7,
            (ref("checkout", 38), ref("checkout-canary", 2), ref("legacy", 60)),
            id="rounds in favour of stable what capacity makes uneven",
        ),
        pytest.param(
            [ref("checkout", 1, filters=FILTER)],
            50,
            (ref("checkout", 50, filters=FILTER), ref("checkout-canary", 50, filters=FILTER)),
            id="copies stable's filters to the canary",
        ),
        pytest.param(
            [ref("checkout", 90, filters=FILTER), ref("checkout-canary", 10)],
            10,
            (ref("checkout", 90, filters=FILTER), ref("checkout-canary", 10, filters=FILTER)),
            id="lets the canary follow a filter that was added meanwhile",
        ),
        pytest.param(
            [ref("checkout-canary", 100, filters=FILTER)],
            None,
            (ref("checkout", 1, filters=FILTER),),
            id="makes stable's entry anew if somebody took it out",
        ),
        pytest.param(
            [ref("checkout-canary", 10), ref("checkout", 80), ref("checkout-canary", 10)],
            50,
            (ref("checkout", 50), ref("checkout-canary", 50)),
            id="makes one of several entries of the canary",
        ),
        pytest.param(
            [ref("checkout", 1), ref("checkout", 3), ref("checkout-canary", 1)],
            None,
            (ref("checkout", 2), ref("checkout", 3)),
            id="leaves a second entry of stable alone when it takes the canary out",
        ),
        pytest.param(
            [ref("checkout", 0), ref("checkout-canary", 0)],
            None,
            (ref("checkout", 0),),
            id="restores a weight of 0",
        ),
        pytest.param(
            [ref("checkout", 2), ref("checkout-canary", 9)],
            10,
            (ref("checkout", 990), ref("checkout-canary", 110)),
            id="takes weights that somebody else wrote as the author's",
        ),
    ],
)
def test_desired(before: list[Json], percent: int | None, after: Json) -> None:
    changes = backends(desired(route(before), ALL_RULES, SPLIT, percent))

    assert changes == {"/spec/rules/0/backendRefs": after}


@pytest.mark.parametrize(
    ("found", "target", "percent"),
    [
        pytest.param(route([ref("checkout", 20000)]), ALL_RULES, None, id="a route at rest"),
        pytest.param(route([ref("checkout", None)]), ALL_RULES, None, id="a weight not written"),
        pytest.param(route([ref("cart")], []), ALL_RULES, 10, id="rules that send elsewhere"),
        pytest.param(route([ref("checkout", 0)]), ALL_RULES, 10, id="a rule that we have 0 in"),
        pytest.param(
            route([ref("checkout", 90), ref("checkout-canary", 10)]),
            ALL_RULES,
            10,
            id="a route that is as it should be",
        ),
        pytest.param(
            route([ref("checkout")], names=["web"]),
            RouteTarget("checkout", ("api",)),
            10,
            id="a rule that is not named",
        ),
        pytest.param(
            route([ref("checkout", kind="Bucket"), ref("checkout", group="x.io")]),
            ALL_RULES,
            10,
            id="other kinds of the same name",
        ),
        pytest.param(
            route([ref("checkout", namespace="other")]), ALL_RULES, 10, id="another namespace"
        ),
    ],
)
def test_nothing_is_written_to(found: HttpRoute, target: RouteTarget, percent: int | None) -> None:
    assert desired(found, target, SPLIT, percent) == ()
    assert carries(found, target, SPLIT, percent)


def test_only_rules_that_differ_are_written() -> None:
    found = route(
        [ref("checkout", 90), ref("checkout-canary", 10)], [ref("checkout")], [ref("cart")]
    )

    changes = backends(desired(found, ALL_RULES, SPLIT, 10))

    assert changes == {
        "/spec/rules/1/backendRefs": (ref("checkout", 90), ref("checkout-canary", 10))
    }
    assert not carries(found, ALL_RULES, SPLIT, 10)


def test_a_rule_that_is_no_longer_named_loses_the_canary() -> None:
    shifted = [ref("checkout", 90), ref("checkout-canary", 10)]
    found = route(shifted, shifted, names=["web", "api"])

    changes = backends(desired(found, RouteTarget("checkout", ("api",)), SPLIT, 10))

    assert changes == {"/spec/rules/0/backendRefs": (ref("checkout", 1),)}


def test_other_ports_of_the_service_are_of_others() -> None:
    metrics = ref("checkout", 20, port=9090)
    found = route([metrics, ref("checkout", 100)])

    changes = backends(desired(found, ALL_RULES, ON_80, 10))

    assert changes == {
        "/spec/rules/0/backendRefs": (metrics, ref("checkout", 90), ref("checkout-canary", 10))
    }


@pytest.mark.parametrize(
    ("found", "target", "indices"),
    [
        pytest.param(
            route([ref("checkout")], [ref("cart")], [ref("checkout", 7)]),
            ALL_RULES,
            [0, 2],
            id="finds all rules that send to the Service",
        ),
        pytest.param(
            route([ref("checkout")], [ref("checkout")], names=["web", "api"]),
            RouteTarget("checkout", ("api",)),
            [1],
            id="finds the rules that are named",
        ),
        pytest.param(
            route([ref("checkout", 0)], [ref("checkout")]),
            ALL_RULES,
            [1],
            id="leaves out a rule in which the Service has weight 0",
        ),
        pytest.param(
            route([ref("checkout", 100), ref("legacy", 1)]),
            ALL_RULES,
            [0],
            id="takes a weight beside others of which every percent is whole",
        ),
        pytest.param(
            route([ref("checkout", 990000), ref("checkout-canary", 10000)]),
            ALL_RULES,
            [0],
            id="takes the highest weights that it writes itself",
        ),
    ],
)
def test_shifted_rules(found: HttpRoute, target: RouteTarget, indices: list[int]) -> None:
    rules = shifted_rules(found, target, SPLIT, STEPS)

    assert not isinstance(rules, Invalid), rules
    assert [rule.index for rule in rules] == indices


@pytest.mark.parametrize(
    ("found", "target", "percents", "words"),
    [
        pytest.param(
            route([ref("cart", 3)], []),
            ALL_RULES,
            STEPS,
            ("no rule that sends to Service checkout", "cart:80 weight 3; nothing"),
            id="names the backends found when no rule sends to the Service",
        ),
        pytest.param(
            route([ref("checkout")], [ref("cart")], names=["web", "api"]),
            RouteTarget("checkout", ("api",)),
            STEPS,
            ("rule api does not send to Service checkout", "cart:80 weight 1"),
            id="names the backends of a named rule that sends elsewhere",
        ),
        pytest.param(
            route([ref("checkout")], names=["web"]),
            RouteTarget("checkout", ("apis", "web", "admin")),
            STEPS,
            ("has no rule admin, apis", "its rules are: web"),
            id="names the rules that there are",
        ),
        pytest.param(
            route([ref("checkout")]),
            RouteTarget("checkout", ("web",)),
            STEPS,
            ("none that has a name",),
            id="says that no rule has a name",
        ),
        pytest.param(
            route([ref("checkout", 0)], names=["web"]),
            RouteTarget("checkout", ("web",)),
            STEPS,
            ("rule web does not send", "checkout:80 weight 0"),
            id="refuses a named rule in which the Service has weight 0",
        ),
        pytest.param(
            route([ref("checkout"), ref("checkout", port=81)]),
            ALL_RULES,
            STEPS,
            ("rules[0] names Service checkout 2 times", "checkout:81", "write one"),
            id="refuses two entries of the Service in a rule",
        ),
        pytest.param(
            route([ref("checkout", 20000)]),
            ALL_RULES,
            STEPS,
            ("weight 20000 for its only backend", "write 1"),
            id="refuses a sole backend's weight that leaves no room for hundredths",
        ),
        pytest.param(
            route([ref("checkout", 1), ref("legacy", 9)]),
            ALL_RULES,
            STEPS,
            ("weight 1 beside others", "1% is not whole", "write weight 100, and 100 times"),
            id="names the weight to write for one percent of 1",
        ),
        pytest.param(
            route([ref("checkout", 4), ref("legacy", 6)]),
            ALL_RULES,
            (10, 50, 100),
            ("of which 10% is not whole", "write weight 20, and 5 times"),
            id="names the smallest weight that is enough for the steps",
        ),
        pytest.param(
            route([ref("checkout", 10), ref("legacy", 6)]),
            ALL_RULES,
            (10, 50, 95, 100),
            ("of which 95% is not whole", "write weight 20, and 2 times"),
            id="looks at every step and not only at the smallest",
        ),
    ],
)
def test_shifted_rules_refuses(
    found: HttpRoute, target: RouteTarget, percents: tuple[int, ...], words: Sequence[str]
) -> None:
    problem = shifted_rules(found, target, SPLIT, percents)

    assert isinstance(problem, Invalid)
    assert problem.reason is Reason.ROUTE_MISMATCH
    assert problem.message.startswith("HTTPRoute checkout ")
    assert all(word in problem.message for word in words), problem.message


def test_the_port_is_named_when_it_was_asked_for() -> None:
    problem = shifted_rules(route([ref("checkout", port=81)]), ALL_RULES, ON_80, STEPS)

    assert isinstance(problem, Invalid)
    assert "sends to Service checkout on port 80; they send to: checkout:81" in problem.message


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(route([ref("checkout")]), None, id="nothing without a canary"),
        pytest.param(
            route([ref("checkout", 100), ref("checkout-canary", 0)]), 0, id="0 without traffic"
        ),
        pytest.param(
            route([ref("checkout", 0), ref("checkout-canary", 0)]), 0, id="0 of nothing at all"
        ),
        pytest.param(
            route([ref("checkout", 0), ref("checkout-canary", 5)]), 100, id="100 of everything"
        ),
        pytest.param(
            route([ref("checkout", 999), ref("checkout-canary", 1)]),
            1,
            id="never 0 while a request can reach the canary",
        ),
        pytest.param(
            route([ref("checkout", 1), ref("checkout-canary", 999)]),
            99,
            id="never 100 while a request can reach stable",
        ),
        pytest.param(
            route(
                [ref("checkout", 90), ref("checkout-canary", 10)],
                [ref("checkout", 50), ref("checkout-canary", 50)],
            ),
            50,
            id="the largest of several rules",
        ),
        pytest.param(
            route([ref("checkout", 36), ref("checkout-canary", 4), ref("legacy", 60)]),
            10,
            id="the share of our own traffic beside others",
        ),
    ],
)
def test_read_weight(found: HttpRoute, expected: int | None) -> None:
    assert read_weight(found, SPLIT) == expected


def test_patch_is_bound_to_what_was_read_and_to_the_stage() -> None:
    found = route([ref("checkout")])
    owner = ObjectRef(ROLLOUTS, NAMESPACE, "checkout")
    fence = Fence(owner, "uid-1", (Expectation(("status", "weight"), 10),))
    operations = desired(found, ALL_RULES, SPLIT, 10)

    patch = route_patch(found, operations, "route checkout", fence)

    assert patch == Patch("route checkout", found.meta.ref, operations, "7", fence)


def test_split_of_a_spec() -> None:
    asked = spec(service={"name": "checkout", "port": 80})

    assert Split.of(NAMESPACE, asked) == ON_80
