"""Whether the gateway does what the routes say: accepted, and the asked share seen."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from sluice.analysis.judge import traffic
from sluice.rollout.arms import data_of
from sluice.rollout.phases import CANARY_IN_ROUTE
from sluice.rollout.routes.acceptance import Acceptance, accepted
from sluice.rollout.routes.gateway_api import carries, read_weight
from sluice.rollout.routes.parts import Split
from sluice.rollout.scene import Scene

_SIGMAS = 3.0
_ENOUGH_REQUESTS = 20
_LATEST_SCRAPES = 2.5


class Settled(StrEnum):
    """How far a written weight has come."""

    WRITING = "not written"
    WAITING = "not yet accepted or seen"
    SEEN = "accepted, share seen"
    UNSEEN = "accepted, share not seen in time"
    REFUSED = "not accepted in time"


@dataclass(frozen=True, slots=True)
class Settling:
    """The state of a weight with a sentence; due_at: when time alone changes the state."""

    state: Settled
    sentence: str
    due_at: float | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self.state in {Settled.SEEN, Settled.UNSEEN}


def split_of(scene: Scene) -> Split:
    """Return what the Rollout splits."""
    return Split.of(scene.own.meta.ref.namespace, scene.spec)


def asked_percent(scene: Scene) -> int | None:
    """Return the canary's percent that the stage asks for; None: it is not in the route."""
    return scene.status.weight if scene.stage in CANARY_IN_ROUTE else None


def seen_weights(scene: Scene) -> dict[str, int]:
    """Return the weight that each route carries now, by name; routes that are gone are left out."""
    split = split_of(scene)
    return {name: read_weight(route, split) or 0 for name, route in scene.routes.items()}


def written(scene: Scene) -> bool:
    """Whether every route carries what the stage asks for; one that is gone carries nothing."""
    split, percent = split_of(scene), asked_percent(scene)
    return all(
        carries(scene.routes[target.name], target, split, percent)
        if target.name in scene.routes
        else not percent
        for target in scene.spec.routes
    )


def verify_seconds(scene: Scene) -> float:
    """Return how long a weight has until it is seen: verifyTimeout, or until it could be counted.

    An increment that lies wholly behind the shift needs two scrapes after it.
    """
    return max(scene.spec.verify_timeout_seconds, _LATEST_SCRAPES * scene.scrape_seconds)


def settling(scene: Scene) -> Settling:
    """Return how far the persisted weight has come since the stage began."""
    if not written(scene):
        return Settling(Settled.WRITING, f"weight {scene.status.weight}% is being written")
    deadline = scene.status.stage_since + verify_seconds(scene)
    refused = _refusal(scene)
    if refused and scene.now >= deadline:
        return Settling(Settled.REFUSED, refused)
    if refused:
        return Settling(Settled.WAITING, refused, deadline)
    share = _share(scene)
    if share.seen:
        return Settling(Settled.SEEN, share.sentence)
    if scene.now >= deadline:
        return Settling(Settled.UNSEEN, share.sentence)
    return Settling(Settled.WAITING, share.sentence, deadline)


def _refusal(scene: Scene) -> str:
    """Return why the gateways do not serve the routes as written, empty when they do."""
    for name, route in scene.routes.items():
        answer = accepted(route)
        if answer.state is not Acceptance.ACCEPTED:
            return f"HTTPRoute {name}: {answer.message}"
    return ""


@dataclass(frozen=True, slots=True)
class _Share:
    seen: bool
    sentence: str


def _share(scene: Scene) -> _Share:
    """Return whether the requests since the stage began split as asked, within chance."""
    asked, since = scene.status.weight, scene.status.stage_since
    if asked in {0, 100}:
        # Until the gateway has taken the weight over, requests stray: only the latest ones tell.
        since = max(since, scene.now - _LATEST_SCRAPES * scene.scrape_seconds)
    data = data_of(scene, scene.spec.analysis.slos[0])
    canary, stable = traffic(data, since, scene.now, scene.scrape_seconds)
    total = canary.total + stable.total
    sentence = f"{canary.total:.0f} of {total:.0f} requests at the canary, asked {asked}%"
    if asked in {0, 100}:
        stray = canary.total if asked == 0 else stable.total
        return _Share(total >= 1 and stray == 0, sentence)
    if total < _ENOUGH_REQUESTS or min(canary.total, stable.total) < 1:
        return _Share(False, sentence)
    share = asked / 100
    chance = _SIGMAS * sqrt(total * share * (1 - share)) + 1
    return _Share(abs(canary.total - total * share) <= chance, sentence)
