"""The stage table of a rollout, whole: which event leads from which stage to which.

Rule 1: everything that says in which order stages follow stands in `TABLE`.
Rule 2: an event that a stage does not name does not happen there; `advance` raises.
Rule 3: this module knows no Kubernetes; what causes an event is decided in `alarms` and
`progress`, what a stage asks of the world in `converge`.
`docs/stages.md` shows the diagram that is generated from this table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sluice.model.transitions import following


class Phase(StrEnum):
    """What a person needs to know of a rollout in one word."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    PROMOTING = "Promoting"
    REVERTING = "Reverting"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"


class Stage(StrEnum):
    """Where in its phase a rollout is; the value is what status shows as «phase/stage»."""

    HEALTHY = "Healthy/Resting"
    CREATING = "Progressing/Creating"
    SCALING = "Progressing/Scaling"
    SHIFTING = "Progressing/Shifting"
    VERIFYING = "Progressing/Verifying"
    JUDGING = "Progressing/Judging"
    BAKING = "Progressing/Baking"
    PROMOTING_SCALING = "Promoting/Scaling"
    PROMOTING_SHIFTING = "Promoting/Shifting"
    ROLLING = "Promoting/Rolling"
    UNIFYING = "Promoting/Unifying"
    RETURNING = "Promoting/Returning"
    DRAINING = "Promoting/Draining"
    REVERTING_FILLING = "Reverting/Filling"
    REVERTING_RETURNING = "Reverting/Returning"
    ROLLING_BACK_SHIFTING = "RollingBack/Shifting"
    ROLLING_BACK_DRAINING = "RollingBack/Draining"
    ROLLED_BACK = "RolledBack/Resting"

    @property
    def phase(self) -> Phase:
        """The phase that the stage belongs to."""
        return Phase(self.value.partition("/")[0])

    @property
    def short(self) -> str:
        """The stage without its phase."""
        return self.value.partition("/")[2]


class Event(StrEnum):
    """What can happen to a rollout, seen from the table."""

    CHANGED = "the template changed and is held back"
    CREATED = "canary Service and Deployment exist"
    CAPACITY_READY = "all pods that the weight needs are ready"
    CAPACITY_FELL = "fewer pods are ready than the weight needs"
    WEIGHT_WRITTEN = "every route carries the weight"
    WEIGHT_VERIFIED = "the gateway accepted the weight and its share was seen, or time ran out"
    BAKE_VERIFIED = "the same, at the weight of the bake"
    STEP_PASSED = "the step is proven, or advanced by time or by a person"
    BAKE_PASSED = "the bake is over"
    PROMOTED_FULLY = "a person skips the rest of the steps"
    FAILED = "abort, harm, crash, outage, silence or deadline"
    SUPERSEDED = "the template changed again"
    WITHDRAWN = "the template is the stable one again, or goes ahead without a rollout"
    DELETED = "the Rollout is being deleted"
    ROLLED = "the Deployment runs the promoted version only"
    INTERRUPTED = "the template changed while the Deployment rolls"
    UNIFIED = "the promoted ReplicaSet is full, the old one empty"
    RETURN_STEP = "the stable pods carry their share; the next share may follow"
    RETURNED = "the stable pods carry everything"
    DRAINED = "no request is left at the canary, and its pods are gone"
    FILLED = "the former version is full again"
    RETRIED = "a person asks for another try of the rejected version"


_BACK: Final = Stage.ROLLING_BACK_SHIFTING
_BACK_OUT: Final[Mapping[Event, Stage]] = {
    Event.FAILED: _BACK,
    Event.SUPERSEDED: _BACK,
    Event.WITHDRAWN: _BACK,
    Event.DELETED: _BACK,
}

TABLE: Final[Mapping[Stage, Mapping[Event, Stage]]] = {
    Stage.HEALTHY: {Event.CHANGED: Stage.CREATING},
    Stage.CREATING: {Event.CREATED: Stage.SCALING, **_BACK_OUT},
    Stage.SCALING: {
        Event.CAPACITY_READY: Stage.SHIFTING,
        Event.CAPACITY_FELL: Stage.SCALING,
        **_BACK_OUT,
    },
    Stage.SHIFTING: {
        Event.WEIGHT_WRITTEN: Stage.VERIFYING,
        Event.CAPACITY_FELL: Stage.SCALING,
        **_BACK_OUT,
    },
    Stage.VERIFYING: {
        Event.WEIGHT_VERIFIED: Stage.JUDGING,
        Event.BAKE_VERIFIED: Stage.BAKING,
        Event.CAPACITY_FELL: Stage.SCALING,
        **_BACK_OUT,
    },
    Stage.JUDGING: {
        Event.STEP_PASSED: Stage.SCALING,
        Event.PROMOTED_FULLY: Stage.PROMOTING_SCALING,
        Event.CAPACITY_FELL: Stage.SCALING,
        **_BACK_OUT,
    },
    Stage.BAKING: {
        Event.BAKE_PASSED: Stage.PROMOTING_SCALING,
        Event.PROMOTED_FULLY: Stage.PROMOTING_SCALING,
        Event.CAPACITY_FELL: Stage.SCALING,
        **_BACK_OUT,
    },
    Stage.PROMOTING_SCALING: {
        Event.CAPACITY_READY: Stage.PROMOTING_SHIFTING,
        Event.CAPACITY_FELL: Stage.PROMOTING_SCALING,
        Event.FAILED: _BACK,
        Event.SUPERSEDED: _BACK,
        Event.WITHDRAWN: _BACK,
    },
    Stage.PROMOTING_SHIFTING: {
        Event.WEIGHT_VERIFIED: Stage.ROLLING,
        Event.CAPACITY_FELL: Stage.PROMOTING_SCALING,
        Event.FAILED: _BACK,
        Event.SUPERSEDED: _BACK,
        Event.WITHDRAWN: _BACK,
    },
    Stage.ROLLING: {
        Event.ROLLED: Stage.RETURNING,
        Event.INTERRUPTED: Stage.UNIFYING,
        Event.FAILED: Stage.REVERTING_FILLING,
        Event.SUPERSEDED: Stage.REVERTING_FILLING,
        Event.WITHDRAWN: Stage.REVERTING_FILLING,
    },
    Stage.UNIFYING: {
        Event.UNIFIED: Stage.RETURNING,
        Event.FAILED: Stage.REVERTING_FILLING,
    },
    Stage.RETURNING: {
        Event.RETURN_STEP: Stage.RETURNING,
        Event.RETURNED: Stage.DRAINING,
        Event.FAILED: Stage.REVERTING_FILLING,
    },
    Stage.DRAINING: {Event.DRAINED: Stage.HEALTHY},
    Stage.REVERTING_FILLING: {Event.FILLED: Stage.REVERTING_RETURNING},
    Stage.REVERTING_RETURNING: {
        Event.RETURN_STEP: Stage.REVERTING_RETURNING,
        Event.RETURNED: Stage.ROLLING_BACK_DRAINING,
    },
    Stage.ROLLING_BACK_SHIFTING: {Event.WEIGHT_VERIFIED: Stage.ROLLING_BACK_DRAINING},
    # Where draining ends is persisted as `after`: the table names what follows without one.
    Stage.ROLLING_BACK_DRAINING: {Event.DRAINED: Stage.ROLLED_BACK},
    Stage.ROLLED_BACK: {
        Event.CHANGED: Stage.CREATING,
        Event.RETRIED: Stage.CREATING,
        Event.WITHDRAWN: Stage.HEALTHY,
    },
}

AFTER_ROLLING_BACK: Final = (Stage.HEALTHY, Stage.ROLLED_BACK, Stage.CREATING)

# Stages in which the route names the canary Service: only while there is a rollout under way.
CANARY_IN_ROUTE: Final = frozenset(Stage) - {
    Stage.HEALTHY,
    Stage.CREATING,
    Stage.DRAINING,
    Stage.ROLLING_BACK_DRAINING,
    Stage.ROLLED_BACK,
}

# Stages in which no rollout is under way.
RESTING: Final = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})

# Stages that are judged: the persisted weight has been verified.
JUDGED: Final = frozenset({Stage.JUDGING, Stage.BAKING})

# Stages in which a rollout can still be rolled back without touching the Deployment's pods.
BEFORE_ROLLING: Final = frozenset(
    stage for stage, events in TABLE.items() if events.get(Event.FAILED) is _BACK
)


def advance(stage: Stage, event: Event) -> Stage:
    """Return the stage that follows; ImpossibleEventError if the stage does not know the event."""
    return following(TABLE, stage, event)
