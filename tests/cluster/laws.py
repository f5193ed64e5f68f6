"""What must hold in every scenario, whatever happens in it."""

from bisect import bisect_left
from collections.abc import Container
from itertools import pairwise
from operator import attrgetter
from typing import Final

from sluice.model.references import DEPLOYMENTS
from tests.cluster.app_manifests import NAME
from tests.cluster.sampler import Sampler

# A pod that dies is taken out of the endpoints first; then the operator hears of it and writes.
GRACE_SECONDS: Final = 2.0


def check(sampler: Sampler, strangers: Container[int] = ()) -> None:
    """Check the laws over all that was seen; strangers: versions of the route by someone else."""
    intent_came_before_deed(sampler, strangers)
    weight_was_carried(sampler)


def intent_came_before_deed(sampler: Sampler, strangers: Container[int]) -> None:
    """Every weight in the route is the one that status had persisted before."""
    statuses = [seen for seen in sampler.statuses if seen.known]
    for weight in sampler.weights:
        if weight.version in strangers or weight.canary is None:
            continue
        earlier = bisect_left(statuses, weight.version, key=attrgetter("version"))
        assert earlier, f"{weight.canary}% was written before any status was; {sampler}"
        asked = statuses[earlier - 1].status.weight
        assert weight.canary == asked, f"{weight.canary}% written, {asked}% persisted; {sampler}"


def weight_was_carried(sampler: Sampler) -> None:
    """The canary never had weight for longer than a moment without a ready pod."""
    for weight, following in pairwise((*sampler.weights, None)):
        if weight is None or not weight.canary:
            continue
        end = following.at if following else float("inf")
        for ready, later in pairwise((*sampler.canary_ready, None)):
            if ready is None or ready.addresses:
                continue
            gap = min(end, later.at if later else end) - max(weight.at, ready.at)
            assert gap < GRACE_SECONDS, (
                f"{weight.canary}% at a canary without a ready pod for {gap:.1f} s; {sampler}"
            )


def is_clean(sampler: Sampler) -> bool:
    """Tell whether no route names the canary and no canary has pods."""
    canaries = [
        body
        for body in sampler.present(DEPLOYMENTS)
        if body.text("metadata", "name") != NAME
    ]
    empty = all(
        body.whole("spec", "replicas") == 0 and body.whole("status", "replicas", default=0) == 0
        for body in canaries
    )
    return empty and sampler.weights[-1].canary is None
