"""A Rollout, as runs and random histories need to know it."""

from collections.abc import Hashable

from sluice.rollout.kind import RolloutKind
from sluice.rollout.phases import Stage
from tests.converge.prometheus import SCRAPE_SECONDS
from tests.converge.rollout import picture
from tests.converge.rollout.people import ROLLOUT, People
from tests.converge.rollout.safety import Safety
from tests.converge.store import Store
from tests.converge.subject import Subject

_RESTING = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})


def _standing(store: Store) -> Hashable | None:
    """Return the stage; how many rollouts came before tells it from its namesakes."""
    status = picture.status_of(store)
    if not status.value:
        return None
    step, weight = status.whole("step", default=0), status.whole("weight", default=0)
    return picture.stage_of(status), step, weight, len(status.bodies("history"))


def _says(store: Store) -> str:
    status = picture.status_of(store)
    if not status.value:
        return "no status"
    stage = picture.stage_of(status)
    return f"{stage} {status.json('weight')}% {status.text('message')}"


def _rests(store: Store) -> bool:
    return picture.stage_of(picture.status_of(store)) in _RESTING


SUBJECT = Subject(
    followed=frozenset({ROLLOUT}),
    kinds=(RolloutKind(SCRAPE_SECONDS),),
    guardians=(),
    people=People,
    laws=(Safety,),
    summary=picture.summary,
    standing=_standing,
    says=_says,
    rests=_rests,
    limit_seconds=150.0,
)
