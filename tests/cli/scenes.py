"""Rollouts in the states that the command line shows, with what stands around them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sluice.cli.views.family import Family, family_of
from sluice.cli.views.overview import Overview
from sluice.model import names
from sluice.model.cluster import Deployment, Pod, ReplicaSet
from sluice.model.conditions import Condition, Status
from sluice.model.json import Body, JsonObject
from sluice.model.scalars import parse_instant
from sluice.rollout.canary import canary_name
from sluice.rollout.phases import Stage
from sluice.rollout.status import Entry, Rejected, RolloutStatus, SloResult, Version
from tests.builders import NAME, as_stored, deployment, metadata, owner, rollout, template

BEGUN = parse_instant("2026-11-21T12:00:00Z")
NOW = BEGUN + 720.0

STABLE, CANARY = "5d21c0ffee", "7c9f00d000"
ERRORS = SloResult(
    slo="errors",
    critical=True,
    canary_bad=3,
    canary_total=912,
    stable_bad=13,
    stable_total=8204,
    evidence=0.42,
    limit=20,
    verdict="open",
    note="",
)
LATENCY = replace(
    ERRORS,
    slo="latency",
    critical=False,
    canary_bad=0,
    stable_bad=0,
    evidence=0,
    verdict="proven",
    note="bucket 1s",
)


def condition(kind: str, reason: str, *, holds: bool = True, message: str = "") -> Condition:
    """Return a condition that has been like this from the start."""
    status = Status.TRUE if holds else Status.FALSE
    return Condition(kind, status, reason, message, BEGUN, 1)


HEALTHY = RolloutStatus(
    stage=Stage.HEALTHY,
    stage_since=BEGUN,
    stable=Version(STABLE, ready=3, size=3),
    observed_generation=1,
    message=f"version {STABLE} runs and takes all traffic",
    conditions=(condition("Ready", "Healthy"),),
)
JUDGING = replace(
    HEALTHY,
    stage=Stage.JUDGING,
    step=1,
    step_text="2/3",
    weight=10,
    actual_weight=10,
    canary=Version(CANARY, ready=1, size=1),
    slos=(ERRORS, LATENCY),
    message="step 2/3: 10% is judged",
    next_at=NOW + 24,
    conditions=(
        condition("Ready", "Progressing", holds=False),
        condition("Reconciling", "Progressing"),
    ),
)
PAUSED = replace(
    JUDGING,
    paused_by_command=True,
    paused_since=NOW - 30,
    next_at=None,
    conditions=(*JUDGING.conditions, condition("Paused", "Paused")),
)
REJECTION = "rolled back at 10% after 1m30s: 17 of 900 canary requests failed (1.9%), stable 0.5%"
ROLLED_BACK = replace(
    HEALTHY,
    stage=Stage.ROLLED_BACK,
    rejected=Rejected(CANARY, "Harm", REJECTION, NOW - 60),
    message=REJECTION,
    conditions=(
        condition("Ready", "RolledBack", holds=False),
        condition("Stalled", "RolledBack"),
    ),
    history=(
        Entry(STABLE, CANARY, "RolledBack", "Harm", REJECTION, NOW - 400, NOW - 60, 17),
        Entry("4b10", STABLE, "Promoted", "Promoted", "promoted", BEGUN - 90000, BEGUN - 88000, 2),
    ),
)


def body(
    status: RolloutStatus | None,
    annotations: Mapping[str, str] | None = None,
    generation: int = 1,
    *,
    paused: bool = False,
) -> JsonObject:
    """Return a Rollout as the API server has it."""
    stored = as_stored(
        rollout(paused=paused), generation=generation, annotations=annotations or None
    )
    return stored if status is None else {**stored, "status": status.to_json()}


def overview(
    status: RolloutStatus | None,
    annotations: Mapping[str, str] | None = None,
    generation: int = 1,
    *,
    paused: bool = False,
) -> Overview:
    """Return a Rollout as the command line reads it."""
    return Overview.from_body(body(status, annotations, generation, paused=paused))


def target(held: str = "", replicas: int = 3) -> JsonObject:
    """Return the user's Deployment, held or not."""
    return as_stored(
        deployment(replicas=replicas, paused=bool(held)),
        labels={names.ROLLOUT_LABEL: NAME},
        annotations={names.HELD: held} if held else {},
    )


def canary() -> JsonObject:
    """Return the canary's Deployment."""
    name = canary_name(NAME, CANARY)
    labels: JsonObject = {
        names.ROLLOUT_LABEL: NAME,
        names.OWNER_UID_LABEL: f"uid-of-{NAME}",
        names.ROLE_LABEL: names.ROLE_CANARY,
        names.REVISION_LABEL: CANARY,
    }
    return as_stored({**deployment(replicas=1), "metadata": metadata(name, labels=labels)})


def replica_set(parent: str, name: str, ready: int, replicas: int) -> JsonObject:
    """Return a ReplicaSet of a Deployment."""
    return {
        **as_stored(
            {
                "metadata": metadata(
                    name, ownerReferences=[owner("Deployment", parent, f"uid-of-{parent}")]
                ),
                "spec": {"replicas": replicas, "template": template("checkout:1")},
            }
        ),
        "status": {"replicas": replicas, "readyReplicas": ready},
    }


def pod(parent: str, name: str, *, crashes: int = 0) -> JsonObject:
    """Return a pod of a ReplicaSet: ready, or crashing."""
    ready: JsonObject = {
        "type": "Ready",
        "status": "False" if crashes else "True",
        "lastTransitionTime": "2026-11-21T12:00:05Z",
    }
    ended: JsonObject = {
        "exitCode": 137,
        "reason": "OOMKilled",
        "finishedAt": "2026-11-21T12:11:00Z",
    }
    container: JsonObject = {
        "name": "app",
        "restartCount": crashes,
        "lastState": {"terminated": ended} if crashes else {},
    }
    return {
        **as_stored(
            {
                "metadata": metadata(
                    name, ownerReferences=[owner("ReplicaSet", parent, f"uid-of-{parent}")]
                )
            }
        ),
        "status": {
            "phase": "Running",
            "startTime": "2026-11-21T12:00:00Z",
            "conditions": [ready],
            "containerStatuses": [container],
        },
    }


STABLE_SET, CANARY_SET = f"{NAME}-5d21", f"{NAME}-canary-7c9f"


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a Rollout, as the API server has it."""

    deployments: tuple[JsonObject, ...]
    replica_sets: tuple[JsonObject, ...]
    pods: tuple[JsonObject, ...]


def at_rest() -> Around:
    """Return what there is without a rollout."""
    sets = (replica_set(NAME, STABLE_SET, 2, 2), replica_set(NAME, f"{NAME}-old", 0, 0))
    return Around((target(),), sets, tuple(pod(STABLE_SET, f"{STABLE_SET}-{n}") for n in "ab"))


def under_way(*, stable_pods: int = 2, crashes: int = 0) -> Around:
    """Return what there is during a rollout."""
    stable = replica_set(NAME, STABLE_SET, stable_pods, stable_pods)
    tried = replica_set(canary_name(NAME, CANARY), CANARY_SET, 0 if crashes else 1, 1)
    return Around(
        deployments=(target(held=CANARY), canary()),
        replica_sets=(stable, tried),
        pods=(
            *(pod(STABLE_SET, f"{STABLE_SET}-{index:02}") for index in range(stable_pods)),
            pod(CANARY_SET, f"{CANARY_SET}-00", crashes=crashes),
        ),
    )


def rejected() -> Around:
    """Return what there is after a rollback: the canary is kept, without pods."""
    rest = at_rest()
    tried = replica_set(canary_name(NAME, CANARY), CANARY_SET, 0, 0)
    return Around((target(held=CANARY), canary()), (*rest.replica_sets, tried), rest.pods)


def family(status: RolloutStatus | None, around: Around) -> Family:
    """Return a Rollout in a state with its surroundings."""
    return family_of(
        overview(status),
        [Deployment.from_body(Body(value)) for value in around.deployments],
        [ReplicaSet.from_body(Body(value)) for value in around.replica_sets],
        [Pod.from_body(Body(value)) for value in around.pods],
    )
