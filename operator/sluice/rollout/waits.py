"""What a rollout waits for though nothing around it is missing: each with its reason.

These never decide: they say, like a problem, why the plan has decided on nothing.
"""

from sluice.analysis.verdict import Judgement, Verdict
from sluice.model.problems import Waiting
from sluice.model.reasons import Reason
from sluice.model.scalars import format_duration, format_instant
from sluice.rollout.dwell import inconclusive_at, most_seconds
from sluice.rollout.hold import revision_of
from sluice.rollout.intents import other_held, said_farewell, version_held
from sluice.rollout.judging import CHECKPOINT_SECONDS, no_data_since
from sluice.rollout.phases import JUDGED, RESTING, Stage
from sluice.rollout.progress import go_on
from sluice.rollout.scene import Scene
from sluice.rollout.spec import OnInconclusive
from sluice.rollout.status import RolloutStatus

_LASTING_SCRAPES = 3


def wait_of(scene: Scene, status: RolloutStatus, verdict: Judgement | None) -> Waiting | None:
    """Return what the status that is written now waits for, None if it goes its way."""
    if farewell := leaving(scene, status):
        return farewell
    if status.stage is not scene.stage:
        return None
    if status.stage in RESTING:
        return kept_back(scene, status)
    if status.stage in JUDGED and verdict is not None:
        return undecided(scene, status, verdict)
    return None


def leaving(scene: Scene, status: RolloutStatus) -> Waiting | None:
    """The Rollout is being deleted, and only cleaning up is left."""
    if not scene.own.meta.deleting or status.stage not in RESTING or status.ending is None:
        return None
    return Waiting(Reason.DELETED, status.ending.message) if said_farewell(status) else None


def kept_back(scene: Scene, status: RolloutStatus) -> Waiting | None:
    """A version is held and its rollout has not begun: whoever waits for it must not see Ready."""
    held = other_held(scene) if status.stage is Stage.ROLLED_BACK else version_held(scene)
    if scene.target is None or not held:
        return None
    version = f"version {revision_of(scene.target)} is held back"
    if scene.paused or status.paused_by_command:
        return Waiting(Reason.PAUSED, f"{version} and the Rollout is paused: {_start(scene)}")
    return Waiting(Reason.PROGRESSING, f"{version}; its rollout begins")


def _start(scene: Scene) -> str:
    resume = f"`sluice rollout resume {scene.own.meta.ref.name}`"
    # The command leaves the spec alone, which is its owner's.
    if not scene.spec.paused:
        return f"{resume} starts its rollout"
    also = f" and {resume}" if scene.status.paused_by_command else ""
    return f"`spec.paused: false`{also} starts its rollout"


def undecided(scene: Scene, status: RolloutStatus, verdict: Judgement) -> Waiting | None:
    """A judged step holds."""
    if verdict.verdict is Verdict.NO_DATA:
        lasting = scene.now >= no_data_lasts_at(scene, verdict)
        return Waiting(Reason.NO_DATA, no_data(scene, verdict)) if lasting else None
    if verdict.verdict is Verdict.ENVIRONMENT:
        weight = scene.status.weight
        sentence = f"both versions miss the SLO: weight holds at {weight}%; see status.analysis"
        return Waiting(Reason.ENVIRONMENT, sentence)
    if verdict.verdict is Verdict.OPEN and _overdue(scene, verdict):
        return Waiting(Reason.INCONCLUSIVE, _inconclusive(scene, status, verdict))
    return None


def no_data(scene: Scene, verdict: Judgement) -> str:
    """Return the sentence that there is nothing fresh to judge by."""
    since, weight = format_instant(verdict.data_until), scene.status.weight
    return f"no data since {since}: weight holds at {weight}%; check Prometheus"


def no_data_lasts_at(scene: Scene, verdict: Judgement) -> float:
    """Return the instant from which missing data are an outcome."""
    return _lasts_at(scene, no_data_since(scene, verdict))


def overdue_at(scene: Scene) -> float:
    """Return the instant from which a step that has not gone on by time is an outcome."""
    return _lasts_at(scene, inconclusive_at(scene))


def _lasts_at(scene: Scene, since: float) -> float:
    """Return when a hold has lasted so long that the next answers will hardly end it.

    A restarted operator has no answers yet, and knows what was counted until its checkpoint only;
    the sample of the instant at which a step may go on comes a moment later.
    """
    return since + CHECKPOINT_SECONDS + _LASTING_SCRAPES * scene.scrape_seconds


def _overdue(scene: Scene, verdict: Judgement) -> bool:
    """Whether the step's time is over and it stays; while paused, time stands still."""
    step, steps = scene.status.step, scene.spec.steps
    by_person = step < len(steps) and steps[step].pause
    if scene.paused or by_person or scene.now < overdue_at(scene):
        return False
    return go_on(scene, verdict) is None


def _inconclusive(scene: Scene, status: RolloutStatus, verdict: Judgement) -> str:
    """Return why the step stays; the numbers are the checkpoint's, not new with every scrape."""
    analysis, critical = scene.spec.analysis, [slo for slo in status.slos if slo.critical]
    requests = min((slo.canary_total for slo in critical), default=verdict.canary_requests)
    seen = f"{requests:,.0f} canary requests"
    if analysis.on_inconclusive is OnInconclusive.HOLD:
        why = f"{seen} prove nothing, and onInconclusive is Hold"
    elif verdict.canary_requests < analysis.min_requests:
        why = f"{seen}, minRequests is {analysis.min_requests:,}"
    else:
        worst = max((slo.evidence for slo in critical), default=0.0)
        why = f"{seen}, and evidence of {worst:.2g}:1 speaks against the canary"
    over = f"step {status.step_text} is not proven after {format_duration(most_seconds(scene))}"
    holds = f"weight holds at {scene.status.weight}%"
    return f"{over}: {why}; {holds}; `sluice rollout promote {scene.own.meta.ref.name}` goes on"
