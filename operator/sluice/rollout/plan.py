"""The decision about a Rollout, read top to bottom.

Intent before deed: a pass either writes a transition, alone, or does what the persisted stage
asks. `plan` is total and deterministic: the same observation gives the same plan, in the operator,
in `sluice rollout explain` and in every test.
"""

from dataclasses import replace

from sluice.analysis.verdict import Judgement
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.kind import Observation
from sluice.model.plan import Plan, Transition, Work
from sluice.model.problems import Invalid, Problem
from sluice.model.reasons import Reason
from sluice.rollout.adoption import adopted
from sluice.rollout.alarms import find_alarm
from sluice.rollout.announcement import announced
from sluice.rollout.arrivals import arrive
from sluice.rollout.commands import keep_time, toggle_pause
from sluice.rollout.converge import converge
from sluice.rollout.falling import capacity_fell
from sluice.rollout.intents import find_intent, say_farewell
from sluice.rollout.judging import CHECKPOINT_SECONDS, counted, judgement
from sluice.rollout.moves import Answer, Move
from sluice.rollout.obstacles import find_problem
from sluice.rollout.phases import Event, Stage
from sluice.rollout.progress import go_on
from sluice.rollout.scene import Own, Scene, read_scene
from sluice.rollout.status import RolloutStatus
from sluice.rollout.summary import refused, summarised, wake_at


def plan(observation: Observation, scrape_seconds: float) -> Plan:
    """Decide what to do about a Rollout now."""
    try:
        own = Own.from_body(Body(observation.body))
    except (InvalidSpecError, MalformedError) as error:
        return refused(observation, Invalid(Reason.INVALID_SPEC, str(error)))
    scene = read_scene(observation, own, scrape_seconds)
    verdict = judgement(scene)
    problem = find_problem(scene)
    answer = decide(scene, verdict, problem)
    if answer is not None:
        return _transition(scene, verdict, problem, answer)
    return _work(scene, verdict, problem)


def decide(scene: Scene, verdict: Judgement | None, problem: Problem | None) -> Answer | None:
    """Return the first answer of the chain; the order is the policy."""
    # Abort and harm outrank every other wish and every other check, paused or not.
    if alarm := find_alarm(scene, verdict):
        return alarm
    # Weight above what ready pods carry is harm in the making.
    if fell := capacity_fell(scene):
        return fell
    # What the user asks of the clock: recorded before anything that reads the clock.
    if toggled := toggle_pause(scene) or keep_time(scene):
        return toggled
    # What stays behind is said first: afterwards there is no object left to say it of.
    if farewell := say_farewell(scene):
        return farewell
    # What the user wants of the version; a start needs a scene without obstacles.
    intent = find_intent(scene)
    if intent is not None and not (_starts(intent) and problem is not None):
        return intent
    # Due actions of the persisted stage come before further transitions.
    if converge(scene):
        return None
    # Time, capacity and proof: nothing goes up while paused or while something is missing.
    if (scene.paused and _goes_up(scene)) or (problem is not None and _goes_up(scene)):
        return None
    return go_on(scene, verdict)


def _starts(answer: Move) -> bool:
    return answer.event in {Event.CHANGED, Event.RETRIED}


_DOWNWARD = frozenset(
    {
        Stage.ROLLING_BACK_SHIFTING,
        Stage.ROLLING_BACK_DRAINING,
        Stage.REVERTING_FILLING,
        Stage.REVERTING_RETURNING,
    }
)


def _goes_up(scene: Scene) -> bool:
    return scene.stage not in _DOWNWARD


def _transition(
    scene: Scene, verdict: Judgement | None, problem: Problem | None, answer: Answer
) -> Transition:
    if isinstance(answer, Move):
        status, notes = arrive(
            scene, replace(answer, status=_counted(scene, verdict, answer.status))
        )
    else:
        status, notes = _counted(scene, verdict, answer.status), answer.notes
    status = summarised(scene, status, verdict, problem)
    return Transition(status.to_json(), announced(scene.status, status, notes))


def _counted(scene: Scene, verdict: Judgement | None, status: RolloutStatus) -> RolloutStatus:
    """Every transition carries the evidence so far, unless it begins a new rollout."""
    if verdict is None or status.checkpoint is not scene.status.checkpoint:
        return status
    return counted(scene, status, verdict)


def _work(scene: Scene, verdict: Judgement | None, problem: Problem | None) -> Work:
    actions = converge(scene)
    status, notes = adopted(scene)
    if verdict is not None and _checkpoint_is_due(scene):
        status = counted(scene, status, verdict)
    status = summarised(scene, status, verdict, problem)
    written = status.to_json()
    changed = written != scene.status.to_json() or not scene.observation.body.get("status")
    notes = announced(scene.status, status, notes)
    return Work(actions, written if changed else None, notes, wake_at(scene, verdict))


def _checkpoint_is_due(scene: Scene) -> bool:
    last = scene.status.checkpoint_at
    return last is None or scene.now - last >= CHECKPOINT_SECONDS
