"""Why a rollout is where it is: the checks of the plan in their order, with their answers.

The checks are the plan's own functions, so what is told here is what the operator decides.
"""

from dataclasses import dataclass

from sluice.analysis.verdict import Judgement
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, MalformedError
from sluice.model.kind import Observation
from sluice.model.plan import Transition
from sluice.model.scalars import format_instant
from sluice.rollout.alarms import checks_in
from sluice.rollout.converge import converge
from sluice.rollout.falling import capacity_fell
from sluice.rollout.intents import find_intent
from sluice.rollout.judging import judgement
from sluice.rollout.obstacles import find_problem
from sluice.rollout.plan import plan
from sluice.rollout.progress import go_on
from sluice.rollout.scene import Own, Scene, read_scene
from sluice.rollout.status import RolloutStatus


@dataclass(frozen=True, slots=True)
class Check:
    """One check; passed: None if it says neither good nor bad, only what is waited for."""

    name: str
    passed: bool | None
    message: str


def explain(observation: Observation, scrape_seconds: float) -> tuple[Check, ...]:
    """Return the checks in the order in which the plan asks; the last one says what is next."""
    try:
        own = Own.from_body(Body(observation.body))
    except (InvalidSpecError, MalformedError) as error:
        return (Check("spec", False, str(error)),)
    scene = read_scene(observation, own, scrape_seconds)
    verdict = judgement(scene)
    return (
        *_alarms(scene, verdict),
        _capacity(scene),
        _time(scene),
        _obstacle(scene),
        *_judgement(verdict),
        _actions(scene),
        _progress(scene, verdict),
        _next(observation, scrape_seconds),
    )


def _alarms(scene: Scene, verdict: Judgement | None) -> tuple[Check, ...]:
    found = []
    for check in checks_in(scene.stage):
        alarm = check(scene, verdict)
        name = check.__name__.replace("_", " ")
        found.append(Check(name, alarm is None, alarm.sentence if alarm else "no"))
    return tuple(found)


def _capacity(scene: Scene) -> Check:
    fell = capacity_fell(scene)
    ready = f"{scene.canary_ready} canary pods are ready for {scene.status.weight}%"
    return Check("capacity", fell is None, fell.sentence if fell else ready)


def _time(scene: Scene) -> Check:
    if scene.paused:
        return Check("time", None, "paused: time stands still, harm and abort still act")
    return Check("time", True, "not paused")


def _obstacle(scene: Scene) -> Check:
    problem = find_problem(scene)
    return Check("surroundings", problem is None, problem.message if problem else "nothing missing")


def _judgement(verdict: Judgement | None) -> tuple[Check, ...]:
    if verdict is None:
        return ()
    rows = [
        Check(
            f"slo {slo.name}",
            slo.evidence < slo.limit,
            f"{slo.canary.bad:g} of {slo.canary.total:g} at the canary, "
            f"{slo.stable.bad:g} of {slo.stable.total:g} at stable; "
            f"evidence of harm {slo.evidence:.3g}, limit {slo.limit:g}",
        )
        for slo in verdict.slos
    ]
    return (*rows, Check("judgement", None, f"{verdict.verdict}: {verdict.sentence}"))


def _actions(scene: Scene) -> Check:
    actions = converge(scene)
    if not actions:
        return Check("world", True, f"is as {scene.stage} asks")
    what = ", ".join(f"{type(action).__name__.lower()} {action.ref}" for action in actions)
    return Check("world", None, f"to be done: {what}")


def _progress(scene: Scene, verdict: Judgement | None) -> Check:
    move = find_intent(scene) or go_on(scene, verdict)
    return Check("goes on", None, move.sentence if move else f"stays in {scene.stage}")


def _next(observation: Observation, scrape_seconds: float) -> Check:
    following = plan(observation, scrape_seconds)
    if isinstance(following, Transition):
        status = RolloutStatus.from_body(Body(following.status))
        return Check("next", None, f"{status.stage}: {status.message}")
    when = "when something changes"
    if following.due_at is not None:
        when = f"at {format_instant(following.due_at)}"
    return Check("next", None, f"{len(following.actions)} writes now; looks again {when}")
