"""The whole loop against an API server: intent first, then deeds, then silence."""

from sluice.model.cluster import Deployment
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Observation, One, Wants
from sluice.model.plan import Expectation, Fence, Note, Operation, Patch, Plan, Transition, Work
from sluice.model.reasons import Reason
from tests.engine.harness import (
    EVENTS,
    Found,
    Toy,
    deployment,
    deployment_ref,
    toy,
    toy_ref,
    until,
    world,
)


def _wants(_: JsonObject, __: Found) -> Wants:
    return Wants(selections=(One(deployment_ref()),))


def _plan(observation: Observation) -> Plan:
    """Scale a Deployment as a kind would: the stage first, then the fenced write."""
    body = Body(observation.body)
    stage, wanted = body.json("status", "stage"), body.whole("spec", "replicas")
    (target,) = observation.found[One(deployment_ref())]
    assert isinstance(target, Deployment)
    if target.replicas == wanted:
        return Work() if stage == "Done" else _enter("Done")
    if stage != "Scaling":
        return _enter("Scaling")
    fence = Fence(
        toy_ref(), body.text("metadata", "uid"), (Expectation(("status", "stage"), "Scaling"),)
    )
    scale = Operation("replace", "/spec/replicas", wanted)
    version = target.meta.resource_version
    return Work((Patch("target", deployment_ref(), (scale,), version, fence),))


def _enter(stage: str) -> Transition:
    return Transition({"stage": stage}, (Note(Reason.STEP_STARTED, f"entered {stage}"),))


async def test_carries_an_object_through_its_stages_and_then_is_silent() -> None:
    kind = Toy(wants_of=_wants, plan_of=_plan)

    async with world(kind, deployment(replicas=1), toy(replicas=3)) as it:
        await until(lambda: it.store.get(toy_ref()).get("status", {}).get("stage") == "Done")
        await it.settled()
        await until(lambda: len(it.store.list(EVENTS)) == 2)

        status, scale = "PATCH /apis/toys.example/v1/namespaces/shop/toys/one/status", "PATCH"
        assert it.store.get(deployment_ref())["spec"]["replicas"] == 3
        assert [w for w in it.server.writes if "/events" not in w] == [
            status,
            f"{scale} /apis/apps/v1/namespaces/shop/deployments/app",
            status,
        ]
