"""What the next decision about a Rollout rests on: objects, metrics and whole templates.

An idle Rollout wants no pods and no metrics: their changes do not wake it.
"""

from sluice.analysis.checkpoint import LOOK_BACK_SECONDS
from sluice.analysis.overdispersion import ENOUGH_SECONDS
from sluice.analysis.samples import gap_seconds
from sluice.model.cluster import Deployment, ReplicaSet, Service
from sluice.model.fields import InvalidSpecError
from sluice.model.found import Found, all_of, one_of
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.kind import Descendants, InNamespace, One, Selection, Wants, WholeWant
from sluice.model.metrics import MetricWant
from sluice.model.references import (
    AUTOSCALERS,
    DISRUPTIONBUDGETS,
    ENDPOINTSLICES,
    NETWORKPOLICIES,
    PERSISTENTVOLUMECLAIMS,
    PODMONITORS,
    PODS,
    REPLICASETS,
    ROLLOUTS,
)
from sluice.rollout.arms import arms_of
from sluice.rollout.history import history_queries
from sluice.rollout.hold import wants_whole, whole_target
from sluice.rollout.judging import checkpoint_of
from sluice.rollout.obstacles import rival_names
from sluice.rollout.phases import RESTING, Stage
from sluice.rollout.scene import Own
from sluice.rollout.sources import slo_queries

_MAKING = frozenset({Stage.HEALTHY, Stage.CREATING})


def wants(body: JsonObject, found: Found, scrape_seconds: float) -> Wants:
    """Return the wants; called again with what was found until nothing is added."""
    try:
        own = Own.from_body(Body(body))
    except (InvalidSpecError, MalformedError):
        return Wants()
    return Wants(
        selections=(*_selections(own), *_rivals(own, found)),
        metrics=_metrics(own, found, scrape_seconds),
        wholes=_wholes(own, found),
    )


def _selections(own: Own) -> tuple[Selection, ...]:
    namespace = own.meta.ref.namespace
    always: tuple[Selection, ...] = (
        One(own.target),
        One(own.service),
        One(own.canary_service),
        *(One(route) for route in own.routes),
        Descendants(REPLICASETS, own.target),
        InNamespace(AUTOSCALERS, namespace),
        InNamespace(NETWORKPOLICIES, namespace),
        InNamespace(DISRUPTIONBUDGETS, namespace),
        InNamespace(PODMONITORS, namespace),
        InNamespace(PERSISTENTVOLUMECLAIMS, namespace),
    )
    kept = () if own.status.rejected is None else (One(own.canary(own.status.rejected.revision)),)
    if own.status.stage in RESTING or not own.status.canary.revision:
        return (*always, *kept)
    canary = own.canary(own.status.canary.revision)
    return (
        *always,
        *kept,
        One(canary),
        Descendants(REPLICASETS, canary),
        Descendants(PODS, canary),
        Descendants(PODS, own.target),
        InNamespace(ENDPOINTSLICES, namespace),
    )


def _rivals(own: Own, found: Found) -> tuple[Selection, ...]:
    """Return the Rollouts that have claimed our target or Service, by the label on them."""
    target = one_of(found, One(own.target), Deployment)
    service = one_of(found, One(own.canary_service), Service)
    names = rival_names(own.meta.ref.name, target, service)
    return tuple(One(own.meta.near(ROLLOUTS, name)) for name in names)


def _metrics(own: Own, found: Found, scrape_seconds: float) -> tuple[MetricWant, ...]:
    status = own.status
    if status.stage in RESTING or not status.canary.revision:
        return ()
    canary = own.canary(status.canary.revision)
    sets = all_of(found, Descendants(REPLICASETS, canary), ReplicaSet)
    since = _counted_until(own) - gap_seconds(scrape_seconds) - LOOK_BACK_SECONDS
    arms = arms_of(own, sets)
    queries = (query for slo in own.spec.analysis.slos for query in slo_queries(slo, arms))
    earlier = dict.fromkeys(history_queries(own, arms), since - ENOUGH_SECONDS)
    return tuple(
        MetricWant(query, earlier.get(query, since), scrape_seconds)
        for query in dict.fromkeys(queries)
    )


def _counted_until(own: Own) -> float:
    """Return the instant up to which nothing has to be read again."""
    status = own.status
    checkpoint = checkpoint_of(status)
    begun = status.rollout_started_at or status.stage_since
    return begun if checkpoint is None else checkpoint.counted_until


def _wholes(own: Own, found: Found) -> tuple[WholeWant, ...]:
    targets = all_of(found, One(own.target), Deployment)
    target = targets[0] if targets else None
    wanted = []
    creating = own.status.stage is Stage.CREATING
    if target is not None and (creating or (_compares(own) and wants_whole(own, target))):
        wanted.append(whole_target(target))
    services = all_of(found, One(own.service), Service)
    made = one_of(found, One(own.canary_service), Service) is not None
    if services and not made and own.status.stage in _MAKING:
        meta = services[0].meta
        wanted.append(WholeWant(meta.ref, meta.uid, meta.generation))
    return tuple(wanted)


def _compares(own: Own) -> bool:
    return own.status.stage is not Stage.HEALTHY
