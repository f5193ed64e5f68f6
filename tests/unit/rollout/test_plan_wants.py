"""What the next decision rests on, and nothing else."""

from dataclasses import replace

import pytest

from sluice.model.json import Body
from sluice.model.kind import Descendants, InNamespace, One, Wants
from sluice.model.references import (
    AUTOSCALERS,
    DEPLOYMENTS,
    DISRUPTIONBUDGETS,
    ENDPOINTSLICES,
    NETWORKPOLICIES,
    PODMONITORS,
    PODS,
    ROLLOUTS,
    SERVICES,
    ObjectRef,
    Resource,
)
from sluice.rollout.canary import canary_name
from sluice.rollout.phases import Stage
from sluice.rollout.status import Rejected
from sluice.rollout.wants import wants
from tests.builders import NAME, NAMESPACE
from tests.unit.rollout.situation import (
    NEXT,
    NOW,
    REVISION,
    SCRAPE_SECONDS,
    Situation,
    at,
    resting,
    target,
)

CANARY = ObjectRef(DEPLOYMENTS, NAMESPACE, canary_name(NAME, REVISION))
TARGET = ObjectRef(DEPLOYMENTS, NAMESPACE, NAME)


def wanted(situation: Situation) -> Wants:
    observation = situation.observation()
    return wants(observation.body, observation.found, SCRAPE_SECONDS)


@pytest.mark.parametrize(
    ("situation", "trial"),
    [
        pytest.param(resting(), False, id="at rest no pod and no metric wakes it"),
        pytest.param(resting(Stage.ROLLED_BACK), False, id="nor when rolled back"),
        pytest.param(at(Stage.JUDGING), True, id="in a rollout all of them do"),
    ],
)
def test_what_is_watched(situation: Situation, *, trial: bool) -> None:
    found = wanted(situation)
    watched = {
        One(CANARY),
        Descendants(PODS, CANARY),
        Descendants(PODS, TARGET),
        InNamespace(ENDPOINTSLICES, NAMESPACE),
    }

    assert (watched <= set(found.selections)) is trial
    assert bool(found.metrics) is trial


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(AUTOSCALERS, id="autoscalers"),
        pytest.param(NETWORKPOLICIES, id="network policies"),
        pytest.param(DISRUPTIONBUDGETS, id="disruption budgets"),
        pytest.param(PODMONITORS, id="pod monitors"),
    ],
)
def test_even_at_rest_it_watches_the_namespaces(resource: Resource) -> None:
    assert InNamespace(resource, NAMESPACE) in wanted(resting()).selections


def test_a_rejected_canary_is_watched() -> None:
    rejected = Rejected(REVISION, "Harm", "", NOW)

    assert One(CANARY) in wanted(resting(Stage.ROLLED_BACK, rejected=rejected)).selections


def test_a_rival_that_has_claimed_the_target_is_watched() -> None:
    claimed = dict(target())
    meta = {**Body(claimed).body("metadata").value, "labels": {"sluice.dev/rollout": "other"}}
    situation = replace(resting(), target={**claimed, "metadata": meta})

    assert One(ObjectRef(ROLLOUTS, NAMESPACE, "other")) in wanted(situation).selections


@pytest.mark.parametrize(
    ("situation", "refs"),
    [
        pytest.param(resting(), set(), id="nothing at rest"),
        pytest.param(
            replace(resting(), canary_service=None),
            {ObjectRef(SERVICES, NAMESPACE, NAME)},
            id="the Service while its canary is to be made",
        ),
        pytest.param(at(Stage.CREATING, 0), {TARGET}, id="the target while it is copied"),
        pytest.param(at(Stage.JUDGING), set(), id="nothing while the mark names the revision"),
        pytest.param(
            replace(at(Stage.JUDGING), target=target(NEXT, held="pending")),
            {TARGET},
            id="the target while it is not known what it is",
        ),
        pytest.param(
            replace(
                resting(Stage.ROLLED_BACK, rejected=Rejected(REVISION, "Harm", "", NOW)),
                target=target(NEXT, held="pending"),
            ),
            {TARGET},
            id="the target while it may be the rejected version",
        ),
        pytest.param(replace(at(Stage.CREATING, 0), target=None), set(), id="what is not there"),
    ],
)
def test_what_is_read_whole(situation: Situation, refs: set[ObjectRef]) -> None:
    assert {want.ref for want in wanted(situation).wholes} == refs


def test_samples_are_wanted_from_the_checkpoint_on() -> None:
    begun = min(want.since for want in wanted(at(Stage.JUDGING)).metrics)
    later = at(Stage.JUDGING, rollout_started_at=NOW - 10)

    assert begun < NOW - 60
    assert min(want.since for want in wanted(later).metrics) == begun + 50


@pytest.mark.parametrize("field", ["spec", "metadata"])
def test_what_cannot_be_read_wants_nothing(field: str) -> None:
    assert wants({**resting().body, field: {}}, {}, SCRAPE_SECONDS) == Wants()
