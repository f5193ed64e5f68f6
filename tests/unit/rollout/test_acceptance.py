import pytest

from sluice.model.cluster import HttpRoute
from sluice.model.json import Body, Json
from sluice.rollout.routes.acceptance import Acceptance, accepted
from tests.unit.rollout.given import ref, route_body


def parent(
    accepted: str = "True", resolved: str = "True", generation: int = 3, name: str = "public"
) -> dict[str, Json]:
    conditions: list[Json] = [
        {"type": kind, "status": status, "observedGeneration": generation}
        for kind, status in (("Accepted", accepted), ("ResolvedRefs", resolved))
    ]
    return {
        "parentRef": {"name": name},
        "controllerName": "traefik.io/gateway-controller",
        "conditions": conditions,
    }


BARE: Json = {"parentRef": {"name": "public"}, "controllerName": "x", "conditions": []}


@pytest.mark.parametrize(
    ("parents", "state", "words"),
    [
        pytest.param([], Acceptance.PENDING, "no Gateway", id="pends without a report"),
        pytest.param([BARE], Acceptance.PENDING, "generation 0", id="pends without conditions"),
        pytest.param(
            [parent()], Acceptance.ACCEPTED, "accepted generation 3", id="is accepted by the parent"
        ),
        pytest.param(
            [parent(), parent(name="internal")],
            Acceptance.ACCEPTED,
            "Gateway public",
            id="is accepted by all parents",
        ),
        pytest.param(
            [parent(generation=2)],
            Acceptance.PENDING,
            "for generation 2, not yet 3",
            id="pends while the report is of an older generation",
        ),
        pytest.param(
            [parent(accepted="False", generation=2)],
            Acceptance.PENDING,
            "generation 2",
            id="pends while a refusal is of an older generation",
        ),
        pytest.param(
            [parent(generation=4)],
            Acceptance.ACCEPTED,
            "accepted",
            id="is accepted when the report is ahead of what is known of the route",
        ),
        pytest.param(
            [parent(), parent(accepted="False", name="internal")],
            Acceptance.REFUSED,
            "Gateway internal (traefik.io/gateway-controller) says Accepted=False",
            id="is refused when one of two parents refuses",
        ),
        pytest.param(
            [parent(resolved="False")],
            Acceptance.REFUSED,
            "ResolvedRefs=False",
            id="is refused when a backend is not found",
        ),
        pytest.param(
            [parent(generation=2), parent(resolved="False", name="internal")],
            Acceptance.REFUSED,
            "Gateway internal",
            id="is refused although another parent is still behind",
        ),
        pytest.param(
            [parent(accepted="Unknown")],
            Acceptance.PENDING,
            "Accepted=Unknown",
            id="pends while a parent does not know",
        ),
    ],
)
def test_accepted(parents: list[Json], state: Acceptance, words: str) -> None:
    route = HttpRoute.from_body(Body(route_body([[ref("checkout")]], (), parents, generation=3)))

    answer = accepted(route)

    assert answer.state is state
    assert words in answer.message
