"""When waiting ends: never with the answer to a question that was not asked yet."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sluice.cli.exits import Exit
from sluice.cli.views.settled import settled, taken_out
from sluice.model import names
from sluice.model.cluster import Deployment
from sluice.model.json import Body
from sluice.rollout.phases import Stage
from sluice.rollout.status import RolloutStatus
from tests.cli.conftest import Command
from tests.cli.scenes import (
    CANARY,
    HEALTHY,
    JUDGING,
    PAUSED,
    ROLLED_BACK,
    STABLE,
    body,
    condition,
    overview,
    target,
)
from tests.cli.server import ROLLOUT, Cluster

pytestmark = pytest.mark.usefixtures("hasty")

WAITING = replace(HEALTHY, conditions=(condition("Ready", "TargetNotFound", holds=False),))
RETRIED = replace(ROLLED_BACK, consumed={"retry": f"{CANARY}#1"})


@pytest.mark.parametrize(
    ("status", "annotations", "generation", "held", "expected"),
    [
        pytest.param(HEALTHY, {}, 1, "", Exit.DONE, id="healthy"),
        pytest.param(ROLLED_BACK, {}, 1, CANARY, Exit.NEGATIVE, id="rolled back"),
        pytest.param(JUDGING, {}, 1, CANARY, None, id="under way"),
        pytest.param(PAUSED, {}, 1, CANARY, None, id="paused"),
        pytest.param(WAITING, {}, 1, "", None, id="waits for what is missing"),
        pytest.param(None, {}, 1, "", None, id="not seen by an operator"),
        pytest.param(HEALTHY, {}, 2, "", None, id="healthy with the spec before the last one"),
        pytest.param(HEALTHY, {}, 1, "pending", None, id="healthy, a version was just held back"),
        pytest.param(
            ROLLED_BACK, {}, 1, "pending", None, id="rolled back, the mended one was just held back"
        ),
        pytest.param(
            ROLLED_BACK,
            {names.RETRY: f"{CANARY}#1"},
            1,
            CANARY,
            None,
            id="rolled back, a retry is on its way",
        ),
        pytest.param(
            RETRIED,
            {names.RETRY: f"{CANARY}#1"},
            1,
            CANARY,
            Exit.NEGATIVE,
            id="rolled back again after the retry",
        ),
        pytest.param(
            ROLLED_BACK,
            {names.RETRY: "0ther#1"},
            1,
            CANARY,
            Exit.NEGATIVE,
            id="a retry of another version never comes",
        ),
    ],
)
def test_a_rollout_is_settled(
    status: RolloutStatus | None,
    annotations: Mapping[str, str],
    generation: int,
    held: str,
    expected: Exit | None,
) -> None:
    deployment = Deployment.from_body(Body(target(held)))

    assert settled(overview(status, annotations, generation), deployment) is expected


def test_a_missing_deployment_is_no_reason_to_wait() -> None:
    assert settled(overview(HEALTHY), None) is Exit.DONE


def test_a_held_version_without_pods_is_no_reason_to_wait() -> None:
    empty = Deployment.from_body(Body(target("pending", replicas=0)))

    assert settled(overview(HEALTHY), empty) is Exit.DONE


PROMOTED = replace(ROLLED_BACK.history[0], outcome="Promoted")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(JUDGING, None, id="still in the traffic"),
        pytest.param(replace(JUDGING, stage=Stage.ROLLING_BACK_DRAINING), None, id="draining"),
        pytest.param(ROLLED_BACK, Exit.DONE, id="rolled back"),
        pytest.param(HEALTHY, Exit.DONE, id="withdrawn by its author"),
        pytest.param(
            replace(JUDGING, canary=replace(JUDGING.canary, revision=STABLE)),
            Exit.DONE,
            id="a newer version has taken its place",
        ),
        pytest.param(
            replace(HEALTHY, history=(PROMOTED,)), Exit.NEGATIVE, id="promoted before the abort"
        ),
    ],
)
def test_a_version_is_taken_out(status: RolloutStatus, expected: Exit | None) -> None:
    assert taken_out(overview(status), CANARY) is expected


def test_status_waits_for_the_end(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING), target(CANARY))
    cluster.http.on_watch = lambda: cluster.store.set(ROLLOUT, "status", HEALTHY.to_json())

    said = sluice("rollout", "status", "checkout", "--timeout", "5s")

    assert said.code == Exit.DONE
    assert "✔ Healthy" in said.out


def test_status_survives_a_cut_and_a_gap(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING), target(CANARY))

    def gap() -> None:
        cluster.put(target(CANARY))
        cluster.store.compact()
        cluster.http.cut_watches()

    troubles = [gap, cluster.http.cut_watches]

    def trouble() -> None:
        if troubles:
            troubles.pop()()
        else:
            cluster.store.set(ROLLOUT, "status", HEALTHY.to_json())

    cluster.http.on_watch = trouble

    assert sluice("rollout", "status", "checkout", "--timeout", "10s").code == Exit.DONE
