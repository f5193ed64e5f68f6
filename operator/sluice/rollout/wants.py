"""What the next decision about a Rollout rests on: objects, metrics and whole templates.

An idle Rollout wants no pods and no metrics: their changes do not wake it.
"""

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from sluice.model.cluster import Deployment, Projection, ReplicaSet, Service
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.kind import Descendants, InNamespace, One, Selection, Wants, WholeWant
from sluice.model.metrics import MetricWant
from sluice.model.references import (
    AUTOSCALERS,
    DISRUPTIONBUDGETS,
    ENDPOINTSLICES,
    NETWORKPOLICIES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
)
from sluice.rollout.arms import arms_of
from sluice.rollout.fields import InvalidSpecError
from sluice.rollout.hold import is_held, wants_whole, whole_target
from sluice.rollout.judging import checkpoint_of
from sluice.rollout.phases import Stage
from sluice.rollout.scene import Own
from sluice.rollout.sources import slo_queries

# Samples before the first one that counts: enough scrapes to tell a birth from a gap.
_LOOKBACK_SCRAPES = 5
_LOOKBACK_SECONDS = 60.0
_RESTING = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})

Found: TypeAlias = Mapping[Selection, tuple[Projection, ...]]
P = TypeVar("P")


def wants(body: JsonObject, found: Found, scrape_seconds: float) -> Wants:
    """Return the wants; called again with what was found until nothing is added."""
    try:
        own = Own.from_body(Body(body))
    except (InvalidSpecError, MalformedError):
        return Wants()
    return Wants(
        selections=_selections(own),
        metrics=_metrics(own, found, scrape_seconds),
        wholes=_wholes(own, found),
    )


def _selections(own: Own) -> tuple[Selection, ...]:
    namespace = own.ref.namespace
    always: tuple[Selection, ...] = (
        One(own.target),
        One(own.service),
        One(own.canary_service),
        *(One(route) for route in own.routes),
        Descendants(REPLICASETS, own.target),
        InNamespace(AUTOSCALERS, namespace),
        InNamespace(NETWORKPOLICIES, namespace),
        InNamespace(DISRUPTIONBUDGETS, namespace),
        InNamespace(ROLLOUTS, namespace),
    )
    kept = () if own.status.rejected is None else (One(own.canary(own.status.rejected.revision)),)
    if own.status.stage in _RESTING or not own.status.canary.revision:
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


def _metrics(own: Own, found: Found, scrape_seconds: float) -> tuple[MetricWant, ...]:
    status = own.status
    if status.stage in _RESTING or not status.canary.revision:
        return ()
    canary = own.canary(status.canary.revision)
    sets = _only(found, Descendants(REPLICASETS, canary), ReplicaSet)
    since = _counted_until(own) - max(_LOOKBACK_SECONDS, _LOOKBACK_SCRAPES * scrape_seconds)
    arms = arms_of(own, sets)
    queries = (query for slo in own.spec.analysis.slos for query in slo_queries(slo, arms))
    return tuple(MetricWant(query, since, scrape_seconds) for query in dict.fromkeys(queries))


def _counted_until(own: Own) -> float:
    """Return the instant up to which nothing has to be read again."""
    status = own.status
    checkpoint = checkpoint_of(status)
    begun = status.rollout_started_at or status.stage_since
    return begun if checkpoint is None else checkpoint.counted_until


def _wholes(own: Own, found: Found) -> tuple[WholeWant, ...]:
    targets = _only(found, One(own.target), Deployment)
    target = targets[0] if targets else None
    wanted = []
    creating = own.status.stage is Stage.CREATING
    if target is not None and (creating or (_compares(own) and wants_whole(own, target))):
        wanted.append(whole_target(target))
    services = _only(found, One(own.service), Service)
    if creating and services:
        meta = services[0].meta
        wanted.append(WholeWant(meta.ref, meta.uid, meta.generation))
    return tuple(wanted)


def _compares(own: Own) -> bool:
    return own.status.stage is not Stage.HEALTHY


def _only(found: Found, selection: Selection, kind: type[P]) -> tuple[P, ...]:
    return tuple(item for item in found.get(selection, ()) if isinstance(item, kind))
