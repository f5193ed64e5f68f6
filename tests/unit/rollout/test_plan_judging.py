"""The evidence that is taken up again after a restart."""

import pytest

from sluice.analysis.checkpoint import Checkpoint
from sluice.model.json import JsonObject
from sluice.rollout.judging import checkpoint_of
from sluice.rollout.status import RolloutStatus


def test_a_persisted_checkpoint_is_taken_up_again() -> None:
    known = Checkpoint(1_800_000_000.0, {})

    assert checkpoint_of(RolloutStatus(checkpoint=known.to_json())) == known


@pytest.mark.parametrize("persisted", [{}, {"version": 0, "other": "shape"}])
def test_one_that_says_nothing_begins_anew(persisted: JsonObject) -> None:
    assert checkpoint_of(RolloutStatus(checkpoint=persisted)) is None
