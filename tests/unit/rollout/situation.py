"""What the plan is given: one rollout at a stage, with the surroundings that belong to it.

The target «checkout» has version checkout:2 held back, three pods of checkout:1 run; the canary
has what its step needs. A test changes the one thing that it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.counts import Counts
from sluice.analysis.verdict import Judgement, SloJudgement, Verdict
from sluice.model import names
from sluice.model.cluster import PROJECTIONS, Deployment, Projection
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.model.kind import Descendants, InNamespace, Observation, One, Selection
from sluice.model.metrics import MetricAnswer, MetricQuery
from sluice.model.names import FINALIZER
from sluice.model.references import (
    DEPLOYMENTS,
    ENDPOINTSLICES,
    HTTPROUTES,
    PODS,
    REPLICASETS,
    SERVICES,
    ObjectRef,
    Resource,
)
from sluice.model.scalars import format_instant
from sluice.rollout.arms import arms_of
from sluice.rollout.canary import Canary, canary_deployment, canary_name, canary_service
from sluice.rollout.hold import revision_of, whole_target
from sluice.rollout.phases import CANARY_IN_ROUTE, Stage
from sluice.rollout.scene import Own, Scene, read_scene
from sluice.rollout.sources import arm_queries
from sluice.rollout.status import RolloutStatus, Version
from tests.builders import (
    NAME,
    NAMESPACE,
    QUICK,
    as_stored,
    backend,
    deployment,
    http_route,
    owner,
    rollout,
    service,
)

NOW: Final = 1_800_000_000.0
SCRAPE_SECONDS: Final = 1.0
FIRST, GOOD, NEXT = "checkout:1", "checkout:2", "checkout:3"
STABLE_SET, PROMOTED_SET = "checkout-stable", "checkout-promoted"
TARGET_UID, ROLLOUT_UID = "uid-of-checkout", "uid-of-checkout"


def revision(image: str) -> str:
    """Return the revision of a version."""
    return revision_of(Deployment.from_body(Body(as_stored(deployment(image)))))


REVISION: Final = revision(GOOD)


def target(
    image: str = GOOD,
    *,
    held: str | None = REVISION,
    replicas: int = 3,
    uid: str = TARGET_UID,
    graph: str = "",
    **marks: str,
) -> JsonObject:
    """Return the user's Deployment; held: its mark, None if it runs unpaused and unmarked.

    graph: the StartupGraph that it is a node of, if it is.
    """
    annotations: dict[str, Json] = {f"{names.PREFIX}/{key}": text for key, text in marks.items()}
    if held is not None:
        annotations[names.HELD] = held
    body = as_stored(
        deployment(image, replicas, paused=held is not None),
        uid=uid,
        labels={names.ROLLOUT_LABEL: NAME, **({names.GRAPH_LABEL: graph} if graph else {})},
        annotations=annotations,
    )
    return {**body, "status": {"observedGeneration": 1}}


def replica_set(
    name: str,
    image: str,
    replicas: int,
    ready: int | None = None,
    created: str = "2026-11-21T12:00:00Z",
) -> JsonObject:
    """Return a ReplicaSet of the target."""
    whole = deployment(image)
    template = Body(whole).body("spec").json("template")
    status: JsonObject = {
        "replicas": replicas,
        "readyReplicas": replicas if ready is None else ready,
    }
    manifest: JsonObject = {
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"pod-template-hash": name.removeprefix("checkout-")},
            "ownerReferences": [owner("Deployment", NAME, TARGET_UID)],
        },
        "spec": {"replicas": replicas, "template": template},
        "status": status,
    }
    return as_stored(manifest, creationTimestamp=created)


def pod(
    name: str, parent: str, *, started: float = NOW - 50, crashes: int = 0, deleting: bool = False
) -> JsonObject:
    """Return a ready pod of a ReplicaSet; crashes: how often its container has failed since."""
    ended: JsonObject = {"exitCode": 1, "reason": "Error", "finishedAt": format_instant(NOW - 1)}
    last: JsonObject = {"lastState": {"terminated": ended}} if crashes else {}
    container: JsonObject = {"name": "app", "restartCount": crashes, **last}
    since = format_instant(started + 1)
    status: JsonObject = {
        "phase": "Running",
        "startTime": format_instant(started),
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
        "containerStatuses": [container],
    }
    manifest: JsonObject = {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "ownerReferences": [owner("ReplicaSet", parent, f"uid-of-{parent}")],
        },
        "status": status,
    }
    gone: Mapping[str, Json] = {"deletionTimestamp": format_instant(NOW)} if deleting else {}
    return as_stored(manifest, 7, **gone)


def canary(image: str = GOOD, replicas: int = 1, ready: int | None = None) -> JsonObject:
    """Return the canary Deployment of a version, made by the Rollout under test."""
    made = canary_deployment(Body(target(image)), _canary(revision(image)), replicas)
    counts: JsonObject = {
        "observedGeneration": 1,
        "replicas": replicas,
        "readyReplicas": replicas if ready is None else ready,
    }
    return {**as_stored(made), "status": counts}


def _canary(of: str) -> Canary:
    return Canary(NAME, ROLLOUT_UID, of, "app")


def made_service() -> JsonObject:
    """Return the canary's Service, made by the Rollout under test."""
    return as_stored(canary_service(Body(as_stored(service())), _canary(REVISION)))


def endpoints(ready: int) -> JsonObject:
    """Return the EndpointSlice of the canary's Service."""
    addresses: list[Json] = [
        {"addresses": [f"10.0.0.{index}"], "conditions": {"ready": True}} for index in range(ready)
    ]
    labels = {"kubernetes.io/service-name": f"{NAME}-canary"}
    meta: JsonObject = {"name": f"{NAME}-canary-1", "namespace": NAMESPACE, "labels": labels}
    return as_stored({"metadata": meta, "endpoints": addresses})


def route(percent: int | None, *, accepted: bool | None = True, name: str = NAME) -> JsonObject:
    """Return the route with the canary's percent (None: without it); accepted None: not yet."""
    shifted = [backend(NAME, 100 - (percent or 0)), backend(f"{NAME}-canary", percent or 0)]
    body = as_stored(http_route(name, () if percent is None else shifted))
    status = "True" if accepted else "False"
    conditions: list[Json] = [
        {"type": kind, "status": status, "observedGeneration": 0 if accepted is None else 1}
        for kind in ("Accepted", "ResolvedRefs")
    ]
    parent: JsonObject = {
        "parentRef": {"name": "gateway"},
        "controllerName": "test/gateway",
        "conditions": conditions,
    }
    return {**body, "status": {"parents": [parent]}}


@dataclass(frozen=True, slots=True)
class Situation:
    """A rollout and what is around it; None: it is not in the cluster.

    annotations: of the Rollout, without prefix. whole: whether the whole target has been read.
    answered: whether Prometheus has answered; it knows of no series.
    """

    status: RolloutStatus
    spec: JsonObject = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    finalizers: tuple[str, ...] = (FINALIZER,)
    target: JsonObject | None = field(default_factory=target)
    sets: tuple[JsonObject, ...] = (replica_set(STABLE_SET, FIRST, 3),)
    service: JsonObject | None = field(default_factory=lambda: as_stored(service()))
    canary_service: JsonObject | None = field(default_factory=made_service)
    routes: tuple[JsonObject, ...] = (route(10),)
    canaries: tuple[JsonObject, ...] = (canary(),)
    endpoints: int = 1
    stable_pods: tuple[JsonObject, ...] = ()
    canary_pods: tuple[JsonObject, ...] = ()
    around: tuple[tuple[Resource, JsonObject], ...] = ()
    whole: bool = True
    answered: bool = True
    now: float = NOW

    @property
    def body(self) -> JsonObject:
        """The Rollout as the API server has it."""
        written = rollout(**{**QUICK, **self.spec}) if self.spec else _quick_rollout()
        annotations = {f"{names.PREFIX}/{key}": text for key, text in self.annotations.items()}
        meta: dict[str, Json] = {"annotations": annotations, "finalizers": self.finalizers}
        if self.deleting:
            meta["deletionTimestamp"] = format_instant(NOW - 1)
        return {**as_stored(written, 7, **meta), "status": self.status.to_json()}

    def observation(self) -> Observation:
        """Return what the plan decides on."""
        wholes = {}
        if self.target is not None and self.whole:
            projection = Deployment.from_body(Body(self.target))
            wholes[whole_target(projection)] = self.target
        body = self.body
        answers = self._answers(body) if self.answered else {}
        found = self._found()
        return Observation(self.now, body, found, answers, wholes)

    def scene(self) -> Scene:
        """Return the same as the checks see it."""
        observation = self.observation()
        own = Own.from_body(Body(observation.body))
        return read_scene(observation, own, SCRAPE_SECONDS)

    def _answers(self, body: JsonObject) -> dict[MetricQuery, MetricAnswer]:
        try:
            own = Own.from_body(Body(body))
        except (InvalidSpecError, MalformedError):
            return {}
        arms, nothing = arms_of(own, ()), MetricAnswer((), NOW - 60, NOW)
        both = (arms.canary, arms.stable)
        queries = (arm_queries(slo, arm) for slo in own.spec.analysis.slos for arm in both)
        return {query: nothing for asked in queries for query in asked.all}

    def _found(self) -> dict[Selection, tuple[Projection, ...]]:
        single = {DEPLOYMENTS: (self.target, *self.canaries), HTTPROUTES: self.routes}
        single[SERVICES] = (self.service, self.canary_service)
        found: dict[Selection, tuple[Projection, ...]] = {}
        for resource, bodies in single.items():
            for projection in _projected(resource, bodies):
                found[One(projection.meta.ref)] = (projection,)
        stable = ObjectRef(DEPLOYMENTS, NAMESPACE, NAME)
        name = canary_name(NAME, self.status.canary.revision)
        trial = ObjectRef(DEPLOYMENTS, NAMESPACE, name)
        found[Descendants(REPLICASETS, stable)] = _projected(REPLICASETS, self.sets)
        found[Descendants(PODS, stable)] = _projected(PODS, self.stable_pods)
        found[Descendants(PODS, trial)] = _projected(PODS, self.canary_pods)
        slices = (endpoints(self.endpoints),)
        found[InNamespace(ENDPOINTSLICES, NAMESPACE)] = _projected(ENDPOINTSLICES, slices)
        for resource, body in self.around:
            found[InNamespace(resource, NAMESPACE)] = _projected(resource, (body,))
        return found


@cache
def _quick_rollout() -> JsonObject:
    """The Rollout of nearly every situation; its schema's defaults take long to fill in."""
    return rollout(**QUICK)


def _projected(resource: Resource, bodies: tuple[JsonObject | None, ...]) -> tuple[Projection, ...]:
    return tuple(PROJECTIONS[resource](Body(body)) for body in bodies if body is not None)


def at(stage: Stage, weight: int = 10, **status: object) -> Situation:
    """Return the situation at a stage that began a minute ago; the route carries the weight."""
    begun = RolloutStatus(
        stage=stage,
        stage_since=NOW - 60,
        weight=weight,
        target_uid=TARGET_UID,
        stable_replica_set=STABLE_SET,
        stable=Version("stable", 3, 3),
        canary=Version(REVISION, 1, 1),
        stable_size=3,
        rollout_started_at=NOW - 60,
        step_started_at=NOW - 60,
        started_at=NOW - 60,
        route_weights={NAME: weight},
    )
    changed = replace(begun, **status)  # type: ignore[arg-type]  # any field, by its name
    percent = weight if stage in CANARY_IN_ROUTE else None
    return Situation(changed, routes=(route(percent),))


def resting(stage: Stage = Stage.HEALTHY, **status: object) -> Situation:
    """Return the situation without a rollout under way."""
    quiet: dict[str, object] = {"canary": Version(), "rollout_started_at": None, "started_at": None}
    situation = at(stage, weight=0, **{**quiet, **status})
    return replace(situation, canaries=(), endpoints=0)


def judged(verdict: Verdict, evidence: float = 1.0, requests: float = 900.0) -> Judgement:
    """Return a judgement of one objective, with data up to now."""
    slo = SloJudgement(
        name="errors",
        critical=True,
        canary=Counts(17.0, requests),
        stable=Counts(41.0, 8100.0),
        evidence=evidence,
        limit=20.0,
        proof=0.0,
        proof_limit=10.0,
        verdict=verdict,
        note="",
    )
    return Judgement(
        verdict=verdict,
        slos=(slo,),
        sentence="17 of 900 canary requests failed",
        checkpoint=Checkpoint(NOW - 60, {}),
        data_until=NOW - 1,
        canary_requests=requests,
        requests_needed=420.0,
    )
