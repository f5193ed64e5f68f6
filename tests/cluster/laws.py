"""What must hold in every scenario, whatever happens in it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Container
from itertools import pairwise
from operator import attrgetter
from typing import Final

from sluice.model.references import DEPLOYMENTS
from tests.cluster.app_manifests import NAME
from tests.cluster.load import Load
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
        end = min(following.at if following else float("inf"), sampler.ended)
        for ready, later in pairwise((*sampler.canary_ready, None)):
            if ready is None or ready.addresses:
                continue
            gap = min(end, later.at if later else end) - max(weight.at, ready.at)
            assert gap < GRACE_SECONDS, (
                f"{weight.canary}% at a canary without a ready pod for {gap:.1f} s; {sampler}"
            )


def nobody_noticed(sampler: Sampler, load: Load, since: float = 0.0) -> None:
    """No request failed since the instant; which ones, and when, if some did."""
    failed = load.failures(since)
    found = Counter(
        (answer.status, answer.version or "gateway", _moment(sampler, answer.at))
        for answer in failed
    )
    slowest = max((answer.seconds for answer in failed), default=0.0)
    assert not failed, f"{dict(found)}, up to {slowest:.2f} s; {sampler}"


def _moment(sampler: Sampler, instant: float) -> str:
    """Return the stage at an instant, and what was last written to the route how long before."""
    status = bisect_left(sampler.statuses, instant, key=attrgetter("at"))
    stage = str(sampler.statuses[status - 1].status.stage) if status else "nowhere"
    shift = bisect_left(sampler.weights, instant, key=attrgetter("at"))
    if not shift:
        return stage
    last = sampler.weights[shift - 1]
    return f"{stage}, {instant - last.at:.1f} s after {last.canary}%"


def is_clean(sampler: Sampler) -> bool:
    """Tell whether no route names the canary and no canary has pods."""
    canaries = [
        body for body in sampler.present(DEPLOYMENTS) if body.text("metadata", "name") != NAME
    ]
    empty = all(
        body.whole("spec", "replicas") == 0 and body.whole("status", "replicas", default=0) == 0
        for body in canaries
    )
    return empty and sampler.weights[-1].canary is None
