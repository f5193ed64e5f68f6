"""What a pass records of the world without a change of stage."""

from dataclasses import replace

import pytest

from sluice.model.reasons import Reason
from sluice.rollout.adoption import adopted
from sluice.rollout.phases import Stage
from sluice.rollout.status import Rejected, Version
from tests.builders import NAME
from tests.unit.rollout.situation import (
    FIRST,
    GOOD,
    NEXT,
    NOW,
    PROMOTED_SET,
    REVISION,
    STABLE_SET,
    TARGET_UID,
    Situation,
    at,
    canary,
    replica_set,
    resting,
    route,
    target,
)

NEW = resting(target_uid="", stable_replica_set="", stable=Version())
RUNNING = target(FIRST, held=None)


def stable(situation: Situation) -> tuple[str, str]:
    status, _ = adopted(situation.scene())
    return status.stable_replica_set, status.target_uid


def reasons(situation: Situation) -> list[Reason]:
    _, notes = adopted(situation.scene())
    return [note.reason for note in notes]


HELD = target(NEXT, held="pending")
BOTH = (replica_set(STABLE_SET, FIRST, 2), replica_set("other", GOOD, 1))


@pytest.mark.parametrize(
    ("situation", "expected", "told"),
    [
        pytest.param(replace(NEW, target=RUNNING), STABLE_SET, [], id="what runs is adopted"),
        pytest.param(replace(NEW, target=RUNNING, sets=()), "", [], id="nothing runs yet"),
        pytest.param(
            replace(NEW, target=RUNNING, sets=BOTH), "", [], id="not while two of them run"
        ),
        pytest.param(replace(NEW, target=None), "", [], id="no target"),
        pytest.param(
            replace(NEW, target=HELD), STABLE_SET, [], id="held before anything was adopted"
        ),
        pytest.param(replace(NEW, target=HELD, sets=BOTH), "", [], id="held while two of them run"),
        pytest.param(
            replace(
                resting(),
                target=target(GOOD, held=None),
                sets=(replica_set(STABLE_SET, FIRST, 0), replica_set("other", GOOD, 3)),
            ),
            "other",
            [Reason.BYPASSED],
            id="it rolled by itself",
        ),
        pytest.param(
            replace(
                resting(),
                target=HELD,
                sets=(replica_set(STABLE_SET, FIRST, 0), replica_set("other", GOOD, 3)),
            ),
            "other",
            [Reason.BYPASSED],
            id="it rolled by itself, and another version is held by now",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), sets=(replica_set("other", GOOD, 3),)),
            STABLE_SET,
            [],
            id="not in the middle of a rollout",
        ),
    ],
)
def test_what_is_stable(situation: Situation, expected: str, told: list[Reason]) -> None:
    assert stable(situation)[0] == expected
    assert reasons(situation) == told


def test_a_recreated_target_is_adopted_although_its_replica_set_has_the_old_name() -> None:
    situation = replace(resting(), target=target(FIRST, held=None, uid="another"))

    assert stable(situation) == (STABLE_SET, "another")
    assert reasons(situation) == [Reason.BYPASSED]
    assert stable(replace(situation, target=RUNNING)) == (STABLE_SET, TARGET_UID)


@pytest.mark.parametrize(
    ("situation", "versions"),
    [
        pytest.param(
            replace(at(Stage.JUDGING), endpoints=0),
            (Version("stable", 3, 3), Version(REVISION, 0, 1)),
            id="ready pods that the Service does not know are not ready",
        ),
        pytest.param(
            replace(at(Stage.JUDGING), sets=(), canaries=()),
            (Version("stable", 0, 0), Version(REVISION, 0, 0)),
            id="what is gone has no pods",
        ),
    ],
)
def test_versions(situation: Situation, versions: tuple[Version, Version]) -> None:
    status, _ = adopted(situation.scene())

    assert (status.stable, status.canary) == versions


@pytest.mark.parametrize(
    ("situation", "size"),
    [
        pytest.param(
            replace(resting(), target=target(replicas=7)), 7, id="at rest it follows the target"
        ),
        pytest.param(replace(resting(), target=None), 0, id="no target has no size"),
        pytest.param(
            replace(at(Stage.JUDGING), target=target(replicas=7)), 7, id="it grows in a rollout"
        ),
        pytest.param(
            replace(at(Stage.JUDGING), target=target(replicas=1)), 3, id="it never shrinks in one"
        ),
    ],
)
def test_size_of_stable(situation: Situation, size: int) -> None:
    status, _ = adopted(situation.scene())

    assert status.stable_size == size


REJECTED = Rejected(REVISION, "Harm", "", NOW)


@pytest.mark.parametrize(
    ("situation", "kept"),
    [
        pytest.param(resting(Stage.ROLLED_BACK, rejected=REJECTED), True, id="while it is held"),
        pytest.param(
            replace(resting(rejected=REJECTED), canaries=(canary(replicas=0),)),
            True,
            id="until its canary is gone",
        ),
        pytest.param(resting(rejected=REJECTED), False, id="not longer"),
    ],
)
def test_how_long_a_rejection_is_remembered(situation: Situation, *, kept: bool) -> None:
    status, _ = adopted(situation.scene())

    assert (status.rejected is not None) is kept


@pytest.mark.parametrize(
    ("situation", "count", "told"),
    [
        pytest.param(at(Stage.JUDGING), 0, False, id="the weight is as written"),
        pytest.param(
            replace(at(Stage.JUDGING), routes=(route(30),)), 1, False, id="somebody wrote another"
        ),
        pytest.param(
            replace(at(Stage.JUDGING, contested=2), routes=(route(30),)),
            3,
            True,
            id="the third time it is told",
        ),
        pytest.param(
            replace(at(Stage.JUDGING, route_weights={NAME: 1}), routes=(route(30),)),
            0,
            False,
            id="it had never been as written",
        ),
        pytest.param(
            replace(at(Stage.SHIFTING), routes=(route(30),)), 0, False, id="not while it is written"
        ),
    ],
)
def test_contests(situation: Situation, count: int, *, told: bool) -> None:
    status, notes = adopted(situation.scene())

    assert status.contested == count
    assert [note.reason for note in notes] == ([Reason.ROUTE_CONTESTED] if told else [])


ROLLING = replace(at(Stage.ROLLING, 100), target=target(held=None))
PROMOTED = replica_set(PROMOTED_SET, GOOD, 1)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(
            replace(ROLLING, sets=(*ROLLING.sets, PROMOTED)),
            PROMOTED_SET,
            id="as soon as it exists",
        ),
        pytest.param(ROLLING, "", id="not before"),
        pytest.param(
            replace(ROLLING, target=target(), sets=(*ROLLING.sets, PROMOTED)),
            "",
            id="not while held",
        ),
        pytest.param(replace(ROLLING, target=RUNNING), "", id="never stable's own"),
        pytest.param(replace(ROLLING, target=None), "", id="nor without a target"),
    ],
)
def test_what_is_promoted(situation: Situation, expected: str) -> None:
    status, _ = adopted(situation.scene())

    assert status.promoted_replica_set == expected
