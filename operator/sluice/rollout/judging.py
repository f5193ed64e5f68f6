"""From a scene to a judgement: which trial is on, with which data, and what analysis says of it."""

from dataclasses import replace

from sluice.analysis.checkpoint import Checkpoint
from sluice.analysis.judge import judge
from sluice.analysis.trial import Outage, Trial
from sluice.analysis.verdict import Judgement, SloJudgement
from sluice.model.json import Body, MalformedError
from sluice.rollout.arms import data_of
from sluice.rollout.phases import BEFORE_ROLLING, JUDGED, Stage
from sluice.rollout.scene import Scene
from sluice.rollout.sources import analysis_slo
from sluice.rollout.status import RolloutStatus, SloResult

CHECKPOINT_SECONDS = 15.0
_NOT_YET = 3600.0

# In these stages traffic is at the canary and is counted, judged or not.
COUNTED = JUDGED | {
    Stage.SCALING,
    Stage.SHIFTING,
    Stage.VERIFYING,
    Stage.PROMOTING_SCALING,
    Stage.PROMOTING_SHIFTING,
    Stage.ROLLING,
    Stage.UNIFYING,
}


def judgement(scene: Scene) -> Judgement | None:
    """Return what analysis says now; None while no traffic was sent to the canary yet."""
    status = scene.status
    if scene.stage not in COUNTED or status.started_at is None or status.weight == 0:
        return None
    trial = _trial(scene, status.started_at)
    data = {slo.name: data_of(scene, slo) for slo in scene.spec.analysis.slos}
    return judge(trial, data, checkpoint_of(status), scene.now)


def no_data_since(scene: Scene, verdict: Judgement) -> float:
    """Return since when nothing fresh has been known.

    What no one has answered yet says nothing of the time before it was asked: an operator that was
    away for long has not been without data for so long.
    """
    data = (data_of(scene, slo) for slo in scene.spec.analysis.slos)
    unanswered = (
        scene.now if answer.failing_since is None else answer.failing_since
        for one in data
        for answer in one.answers
        if not answer.covered_until
    )
    return max(verdict.data_until, scene.status.stage_since, *unanswered)


def checkpoint_of(status: RolloutStatus) -> Checkpoint | None:
    """Return the persisted checkpoint of the evidence.

    One that cannot be read is of another version of Sluice: the evidence begins anew, on the
    samples that Prometheus still has, rather than the rollout standing still.
    """
    if not status.checkpoint:
        return None
    try:
        return Checkpoint.from_body(Body(status.checkpoint))
    except MalformedError:
        return None


def _trial(scene: Scene, started_at: float) -> Trial:
    analysis = scene.spec.analysis
    warm = {
        pod.meta.ref.name: pod.ready_since + analysis.warmup_seconds
        for pod in (*scene.canary_pods, *scene.stable_pods)
        if pod.ready_since is not None
    }
    canary_names = {pod.meta.ref.name for pod in scene.canary_pods}
    return Trial(
        slos=tuple(analysis_slo(slo) for slo in analysis.slos),
        scrape_seconds=scene.scrape_seconds,
        rollout_started=started_at,
        step_started=_step_started(scene),
        weight=scene.status.weight,
        outage=Outage(analysis.outage.above, analysis.outage.for_seconds),
        warm_from=warm,
        all_warm_from=max((warm[name] for name in canary_names if name in warm), default=0.0),
        phi=scene.status.overdispersion,
        outage_only=scene.stage not in BEFORE_ROLLING,
    )


def _step_started(scene: Scene) -> float:
    """Return since when the step's weight is verified; in the future while it is not."""
    judged = scene.status.judged_from
    return judged if judged is not None and scene.stage in JUDGED else scene.now + _NOT_YET


def counted(scene: Scene, status: RolloutStatus, verdict: Judgement) -> RolloutStatus:
    """Return the status with the judgement's checkpoint, and its results if a step is judged."""
    checkpoint = verdict.checkpoint.to_json()
    status = replace(status, checkpoint=checkpoint, checkpoint_at=scene.now)
    if scene.stage not in JUDGED:
        return status
    return replace(status, slos=tuple(_result(slo) for slo in verdict.slos))


def _result(slo: SloJudgement) -> SloResult:
    return SloResult(
        slo=slo.name,
        critical=slo.critical,
        canary_bad=slo.canary.bad,
        canary_total=slo.canary.total,
        stable_bad=slo.stable.bad,
        stable_total=slo.stable.total,
        evidence=float(f"{slo.evidence:.4g}"),
        limit=slo.limit,
        verdict=str(slo.verdict),
        note=slo.note,
    )


def served_bad(status: RolloutStatus) -> float:
    """Return how many bad requests the canary has served in this rollout."""
    return status.bad_requests + max((slo.canary_bad for slo in status.slos), default=0.0)
