"""What ends a rollout at once: a chain of checks, first hit wins, harm before everything else.

Order (rollout page, section 5): abort, crash, outage, silence, harm. While the Deployment rolls,
only abort, crash and outage act: traffic is safe on one version either way, and judging two
halves of a move would blame the move on the version.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.reasons import Reason
from sluice.model.scalars import format_duration
from sluice.rollout.commands import Verb, pending
from sluice.rollout.crashes import canary_crashes, promoted_crashes
from sluice.rollout.dwell import inconclusive_at
from sluice.rollout.judging import no_data_since
from sluice.rollout.moves import Move
from sluice.rollout.phases import BEFORE_ROLLING, JUDGED, TABLE, Event, Stage
from sluice.rollout.scene import Scene
from sluice.rollout.spec import OnEnvironment, OnInconclusive, OnNoData
from sluice.rollout.status import Ending, RolloutStatus
from sluice.rollout.traffic import Settled, settling, verify_seconds


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why the rollout ends; `status` has what the alarm consumed."""

    reason: Reason
    sentence: str
    status: RolloutStatus


Check: TypeAlias = Callable[[Scene, Judgement | None], Alarm | None]


def find_alarm(scene: Scene, verdict: Judgement | None) -> Move | None:
    """Return the move that the first alarm causes, if the stage can be left that way."""
    for check in checks_in(scene.stage):
        alarm = check(scene, verdict)
        if alarm is not None:
            return _fail(scene, alarm)
    return None


def checks_in(stage: Stage) -> tuple[Check, ...]:
    """Return the checks that act in a stage, in their order."""
    if Event.FAILED not in TABLE[stage]:
        return ()
    if stage in BEFORE_ROLLING:
        return CHECKS
    return CHECKS_WHILE_RETURNING if stage is Stage.RETURNING else CHECKS_WHILE_ROLLING


def _fail(scene: Scene, alarm: Alarm) -> Move:
    weight, since = scene.status.weight, scene.status.step_started_at or scene.status.stage_since
    after = format_duration(scene.now - since)
    sentence = f"rolled back at {weight}% after {after}: {alarm.sentence}"
    ending = Ending(str(alarm.reason), sentence, weight)
    return Move(
        Event.FAILED, replace(alarm.status, after=Stage.ROLLED_BACK, ending=ending), sentence
    )


def aborted(scene: Scene, _: Judgement | None) -> Alarm | None:
    """A person says stop: outranks every other intent and every check."""
    command = pending(scene, Verb.ABORT)
    if command is None:
        return None
    return Alarm(Reason.ABORTED, "aborted by command", command.consumed(scene.status))


def crashed(scene: Scene, _: Judgement | None) -> Alarm | None:
    """Containers of the canary end with errors, more often than stable's."""
    sentence = canary_crashes(scene)
    return Alarm(Reason.CRASHED, sentence, scene.status) if sentence else None


def promoted_crashed(scene: Scene, _: Judgement | None) -> Alarm | None:
    """The pods that get the traffic back crash: it goes to the canary, whose pods hold."""
    sentence = promoted_crashes(scene)
    return Alarm(Reason.CRASHED, sentence, scene.status) if sentence else None


def outage(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """A large share of canary requests fails for seconds on end."""
    return _verdict(scene, verdict, Verdict.OUTAGE, Reason.OUTAGE)


def silence(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """Requests go to the canary and are not answered: only while the asked weight is seen."""
    if scene.stage not in JUDGED:
        return None
    return _verdict(scene, verdict, Verdict.SILENCE, Reason.SILENCE)


def harm(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """The evidence that the canary is worse passed its limit."""
    return _verdict(scene, verdict, Verdict.HARM, Reason.HARM)


def no_data(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """There has been no data for longer than the spec accepts, and it says to roll back then."""
    rule = scene.spec.analysis.on_no_data
    if scene.paused or verdict is None or verdict.verdict is not Verdict.NO_DATA:
        return None
    without = scene.now - no_data_since(scene, verdict)
    if rule.action is not OnNoData.ROLLBACK or without < rule.after_seconds:
        return None
    limit = format_duration(rule.after_seconds)
    return Alarm(
        Reason.NO_DATA,
        f"no data for {format_duration(without)}, limit {limit}: {verdict.sentence}",
        scene.status,
    )


def environment(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """Both versions miss the SLO, and the spec says to roll back then."""
    if scene.spec.analysis.on_environment is not OnEnvironment.ROLLBACK:
        return None
    return _verdict(scene, verdict, Verdict.ENVIRONMENT, Reason.ENVIRONMENT)


def inconclusive(scene: Scene, verdict: Judgement | None) -> Alarm | None:
    """The step's time is over, nothing is proven, and the spec says to roll back then."""
    if scene.spec.analysis.on_inconclusive is not OnInconclusive.ROLLBACK or scene.paused:
        return None
    if scene.stage not in JUDGED or scene.now < inconclusive_at(scene):
        return None
    return _verdict(scene, verdict, Verdict.OPEN, Reason.INCONCLUSIVE)


def stable_gone(scene: Scene, _: Judgement | None) -> Alarm | None:
    """Somebody scaled the stable version to 0 in the middle of a step: they want it off."""
    target = scene.target
    if scene.stage not in BEFORE_ROLLING or target is None or target.replicas > 0:
        return None
    sentence = f"Deployment {target.meta.ref.name} was scaled to 0; scale it up, then retry"
    return Alarm(Reason.STABLE_SCALED_DOWN, sentence, scene.status)


def too_slow(scene: Scene, _: Judgement | None) -> Alarm | None:
    """The canary's pods did not become ready in time, or its weight was not written."""
    limit = scene.spec.progress_deadline_seconds
    scaling = scene.stage in {Stage.CREATING, Stage.SCALING, Stage.PROMOTING_SCALING}
    waiting = scaling or scene.stage is Stage.SHIFTING
    if scene.paused or not waiting or scene.now - scene.status.stage_since < limit:
        return None
    failure = f": {scene.canary.failure}" if scene.canary and scene.canary.failure else ""
    ready = f"{scene.canary_ready} of {scene.canary_size} canary pods are ready"
    written = f"weight {scene.status.weight}% could not be written"
    late = f"{ready if scaling else written} after {format_duration(limit)} (progressDeadline)"
    return Alarm(Reason.PROGRESS_DEADLINE, late + failure, scene.status)


def route_refused(scene: Scene, _: Judgement | None) -> Alarm | None:
    """A gateway does not accept the route with the canary in it."""
    if scene.stage not in {Stage.VERIFYING, Stage.PROMOTING_SHIFTING}:
        return None
    state = settling(scene)
    if state.state is not Settled.REFUSED:
        return None
    limit = format_duration(verify_seconds(scene))
    return Alarm(Reason.ROUTE_NOT_ACCEPTED, f"{state.sentence} (after {limit})", scene.status)


def _verdict(
    scene: Scene, verdict: Judgement | None, wanted: Verdict, reason: Reason
) -> Alarm | None:
    if verdict is None or verdict.verdict is not wanted:
        return None
    return Alarm(reason, verdict.sentence, scene.status)


CHECKS: Final[tuple[Check, ...]] = (
    aborted,
    crashed,
    outage,
    silence,
    harm,
    environment,
    no_data,
    inconclusive,
    stable_gone,
    too_slow,
    route_refused,
)
CHECKS_WHILE_ROLLING: Final[tuple[Check, ...]] = (aborted, crashed, outage)
CHECKS_WHILE_RETURNING: Final[tuple[Check, ...]] = (aborted, promoted_crashed)
