"""Whether a rollout has come to rest, and how."""

from sluice.cli.exits import Exit
from sluice.cli.views.overview import Overview
from sluice.model import names
from sluice.model.cluster import Deployment
from sluice.model.conditions import READY, STALLED
from sluice.rollout.commands import ANNOTATIONS, Verb, addressed
from sluice.rollout.phases import RESTING, Phase


def settled(rollout: Overview, target: Deployment | None) -> Exit | None:
    """Return DONE when healthy, NEGATIVE when a person is needed, None while it goes on.

    What the operator has not seen yet is still going on: a newer spec, a version that was held
    back a moment ago, a command. Without that, a script that applies and waits would be told of
    the state before.
    """
    status = rollout.status
    if status is None or status.observed_generation < rollout.generation:
        return None
    if _just_held(target) or command_on_its_way(rollout):
        return None
    if rollout.holds(STALLED):
        return Exit.NEGATIVE
    healthy = status.stage.phase is Phase.HEALTHY and rollout.holds(READY)
    return Exit.DONE if healthy else None


def taken_out(rollout: Overview, revision: str) -> Exit | None:
    """Return DONE when a revision has left the traffic, NEGATIVE when it was promoted instead."""
    status = rollout.status
    if status is None or command_on_its_way(rollout):
        return None
    resting = status.stage in RESTING
    if not resting and status.canary.revision == revision:
        return None
    last = next((entry for entry in status.history if entry.to_revision == revision), None)
    return Exit.NEGATIVE if last is not None and last.outcome == "Promoted" else Exit.DONE


def command_on_its_way(rollout: Overview) -> bool:
    """Whether an annotation holds a command for the current revision that was not taken yet."""
    return any(_untaken(rollout, verb) for verb in Verb)


def _untaken(rollout: Overview, verb: Verb) -> bool:
    text = rollout.annotations.get(ANNOTATIONS[verb], "")
    if rollout.status is None or not text or text == rollout.status.consumed.get(str(verb)):
        return False
    return text.partition("#")[0] == addressed_revision(rollout, verb)


def addressed_revision(rollout: Overview, verb: Verb) -> str:
    """Return the revision that a command has to name, empty when there is none."""
    status = rollout.status
    if status is None:
        return ""
    if verb in {Verb.RETRY, Verb.RESUME}:
        return addressed(status, verb)
    resting = status.stage in RESTING
    return "" if resting else status.canary.revision


def _just_held(target: Deployment | None) -> bool:
    if target is None or target.replicas == 0:
        return False
    return target.meta.annotations.get(names.HELD) == names.HELD_PENDING
