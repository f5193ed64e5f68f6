"""What a Rollout promises after every single write, whatever happens."""

from dataclasses import dataclass

from sluice.model.json import Body
from sluice.model.references import DEPLOYMENTS, HTTPROUTES, REPLICASETS
from sluice.rollout.phases import BEFORE_ROLLING, CANARY_IN_ROUTE, Phase, Stage
from tests.converge.admission import OPERATOR
from tests.converge.laws import Laws
from tests.converge.rollout import picture
from tests.converge.rollout.people import ROLLOUT, TARGET
from tests.converge.store import Change
from tests.manifest_files import rollout_schema, strays

_STEPS = (10, 50, 95)
_UNTOUCHED = BEFORE_ROLLING | {
    Stage.HEALTHY,
    Stage.ROLLED_BACK,
    Stage.ROLLING_BACK_SHIFTING,
    Stage.ROLLING_BACK_DRAINING,
}
# A held template may have pods only while a promotion of it is under way, or is taken back.
_HELD_TEMPLATE_RUNS = frozenset(
    stage for stage in Stage if stage.phase in {Phase.PROMOTING, Phase.REVERTING}
)


@dataclass
class Safety(Laws):
    """Watches a cluster and keeps what was wrong.

    For `pass_seconds` a weight may stay on a canary without a ready pod: one pass after it was
    seen.
    """

    _uncovered_since: float | None = None

    def check(self, change: Change) -> None:
        """Check a change and what there is after it."""
        if change.user == OPERATOR:
            self._check_write(change)
        if change.ref.resource == REPLICASETS and change.type != "DELETED":
            self._check_held(change)

    def check_quiet(self) -> None:
        """Check at a quiet instant that no weight rests on a canary without ready pods."""
        now, store = self.cluster.loop.time(), self.cluster.store
        weighted = any(item.percent for item in picture.weighings(store))
        if not weighted or picture.ready_canary_pods(store) or not self.watching:
            self._uncovered_since = None
            return
        if self._uncovered_since is None:
            self._uncovered_since = now
        stage = picture.stage_of(picture.status_of(store))
        late = now - self._uncovered_since > self.pass_seconds
        if late and stage.phase not in {Phase.PROMOTING, Phase.REVERTING}:
            self._say(f"weight without a ready canary pod since {self._uncovered_since:.3f}")

    def _check_write(self, change: Change) -> None:
        if change.ref.resource == HTTPROUTES and change.type == "MODIFIED":
            self._check_route()
        elif change.ref == ROLLOUT and change.type == "MODIFIED":
            self._check_status(change)
        elif change.ref.resource == REPLICASETS:
            self._check_production(change)
        elif change.ref == TARGET and change.old is not None:
            self._check_target(change, Body(change.old), Body(change.new))
        elif change.ref.resource == DEPLOYMENTS:
            self._check_canary(change)

    def _check_route(self) -> None:
        """Every weight that is written is the persisted one."""
        status = picture.status_of(self.cluster.store)
        stage, weight = picture.stage_of(status), status.whole("weight", default=0)
        for item in picture.weighings(self.cluster.store):
            if item.percent not in {None, 0, weight} and not self._was_left(item.percent):
                self._say(f"route {item.route} carries {item.percent}%, persisted {weight}%")
            if item.percent and stage not in CANARY_IN_ROUTE and not self._was_left(item.percent):
                self._say(f"route {item.route} carries {item.percent}% in {stage}")
            if item.percent and not tuple(picture.canaries(self.cluster.store)):
                self._say(f"route {item.route} carries {item.percent}% and there is no canary")

    def _was_left(self, percent: float | None) -> bool:
        """Whether another route has not been written yet (they are written one by one)."""
        return percent is not None and len(picture.weighings(self.cluster.store)) > 1

    def _check_status(self, change: Change) -> None:
        """The persisted weight rises only to the step's weight, and never past a step."""
        assert change.old is not None
        old, new = Body(change.old).body("status"), Body(change.new).body("status")
        for stray in strays(new.value, rollout_schema().body("properties", "status")):
            self._say(f"status{stray}")
        before, after = old.whole("weight", default=0), new.whole("weight", default=0)
        if after <= before:
            return
        stage, step = picture.stage_of(new), new.whole("step", default=0)
        if stage.phase in {Phase.PROMOTING, Phase.REVERTING}:
            return
        if after != _STEPS[min(step, len(_STEPS) - 1)]:
            self._say(f"status.weight rises from {before} to {after} in step {step}, {stage}")

    def _check_production(self, change: Change) -> None:
        """The pods of the user's Deployment are left alone before its promotion."""
        stage = picture.stage_of(picture.status_of(self.cluster.store))
        pods = Body(change.old or change.new).whole("status", "replicas", default=0)
        if stage in _UNTOUCHED and pods:
            self._say(f"{change.type} of {change.ref} with {pods} pods in {stage}")

    def _check_target(self, change: Change, old: Body, new: Body) -> None:
        """Of the user's Deployment only marks change, and `paused` when it may."""
        if change.type == "DELETED" or old.json("spec", "template") != new.json("spec", "template"):
            self._say(f"{change.type} of the target, or of its template")
            return
        stage = picture.stage_of(picture.status_of(self.cluster.store))
        was, is_now = picture.is_held(old), picture.is_held(new)
        leaving = self.cluster.store.get(ROLLOUT)
        if Body(leaving).has("metadata", "deletionTimestamp"):
            return
        released = was and not new.flag("spec", "paused", default=False) and not is_now
        if released and stage is not Stage.ROLLING and not self._rests_at_stable(new):
            self._say(f"a held version is released in {stage}")

    def _rests_at_stable(self, target: Body) -> bool:
        running = [
            s for _, s in picture.own_sets(self.cluster.store) if s.whole("spec", "replicas")
        ]
        return any(picture.has_template_of(target, s) for s in running) or not running

    def _check_canary(self, change: Change) -> None:
        """A canary loses its pods only when no route has weight on it."""
        fewer = change.old is not None and change.type == "MODIFIED"
        fewer = fewer and not Body(change.new).whole("spec", "replicas")
        weighted = [w.route for w in picture.weighings(self.cluster.store) if w.percent]
        if weighted and (change.type == "DELETED" or fewer):
            self._say(f"{change.ref} loses its pods while {weighted} have weight on it")

    def _check_held(self, change: Change) -> None:
        """A held version gets no pod without a promotion; what a bypass began is left to it."""
        target = self.cluster.store.find(TARGET)
        before = 0 if change.old is None else Body(change.old).whole("spec", "replicas")
        after = Body(change.new).whole("spec", "replicas")
        if target is None or not picture.is_held(target) or before or not after:
            return
        status = picture.status_of(self.cluster.store)
        stage, stable = picture.stage_of(status), status.body("stable")
        if stage in _HELD_TEMPLATE_RUNS or change.ref.name == stable.json("replicaSet"):
            return
        own = {ref for ref, _ in picture.own_sets(self.cluster.store)}
        if change.ref in own and picture.has_template_of(target, Body(change.new)):
            self._say(f"{change.ref} gets pods of the held version in {stage}")
