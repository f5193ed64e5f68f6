"""What the hold policy lets pass: what changes no version, the operator, and a person's bypass."""

import json

import pytest

from sluice.model.json import Body, JsonObject
from sluice.model.names import BYPASS, HELD, HELD_PENDING, ROLE_CANARY, ROLE_LABEL
from tests.cluster.hold_target import (
    ADOPTED,
    AT_REST,
    HELD_BACK,
    HELD_PATH,
    IMAGE,
    REVISION,
    State,
    Target,
    Write,
    deployment,
    newly_held,
    operation,
    patch,
    state_of,
    write,
)

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]

SET_IMAGE = write("set image deployment/checkout app=app:2")
SCALE = write("scale deployment/checkout --replicas=3")
PATCH_STATUS = write(
    'patch deployment/checkout --subresource=status --type=merge -p {"status":{"collisionCount":1}}'
)
CANARY = {**ADOPTED, ROLE_LABEL: ROLE_CANARY}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(SCALE, id="scaling"),
        pytest.param(PATCH_STATUS, id="a patch of the status"),
        pytest.param(
            patch(operation("add", "/spec/minReadySeconds", 5)), id="a field beside the template"
        ),
        pytest.param(write("annotate deployment/checkout note=hello"), id="an annotation"),
    ],
)
def test_what_changes_no_version_passes(target: Target, change: Write) -> None:
    target.create(deployment(labels=ADOPTED))
    said = target.do(change)
    assert target.state() == AT_REST
    assert not said.warnings


@pytest.mark.parametrize(
    ("labels", "change", "after"),
    [
        pytest.param(
            {},
            SET_IMAGE,
            State(paused=False, held="", label="", image="app:2"),
            id="a Deployment without a Rollout",
        ),
        pytest.param(
            CANARY,
            SET_IMAGE,
            State(paused=False, held="", label="checkout", image="app:2"),
            id="a canary Deployment",
        ),
        pytest.param(
            {},
            patch(
                operation("add", "/metadata/labels", ADOPTED), operation("replace", IMAGE, "app:2")
            ),
            State(paused=False, held="", label="checkout", image="app:2"),
            id="a label that comes with the change",
        ),
        pytest.param(
            ADOPTED,
            patch(operation("replace", IMAGE, "app:2"), operation("replace", "/spec/replicas", 0)),
            State(paused=False, held="", label="checkout", image="app:2"),
            id="a template that comes with 0 replicas",
        ),
    ],
)
def test_is_not_held(target: Target, labels: JsonObject, change: Write, after: State) -> None:
    target.create(deployment(labels=labels))
    target.do(change)
    assert target.state() == after


def test_a_held_deployment_can_be_scaled(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    target.do(SCALE)
    assert target.body().whole("spec", "replicas") == 3
    assert target.state() == HELD_BACK


def test_a_held_template_makes_no_replica_set(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    assert target.replica_sets() == 1
    target.do(SET_IMAGE)
    assert target.replica_sets() == 1


def test_the_operator_lets_a_held_version_through(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    version = target.body().text("metadata", "resourceVersion")
    target.do_as_operator(
        patch(
            operation("replace", "/metadata/resourceVersion", version),
            operation("replace", "/spec/paused", value=False),
            operation("remove", HELD_PATH),
        )
    )
    assert target.state() == State(paused=False, held="", label="checkout", image="app:2")
    assert target.replica_sets() == 2


def test_the_operator_sees_by_a_dry_run_that_the_policy_acts(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    words = (*SET_IMAGE.words, "--dry-run=server", "-o", "json")
    printed = target.do_as_operator(Write(words))
    assert state_of(Body(json.loads(printed))) == newly_held("app:2")
    assert target.state() == AT_REST


def test_a_person_lets_the_held_revision_through(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    target.do(write(f"annotate deployment/checkout {BYPASS}={REVISION}"))
    assert target.state() == HELD_BACK
    said = target.do(write("rollout resume deployment/checkout"))
    assert target.state() == State(paused=False, held=REVISION, label="checkout", image="app:2")
    assert target.replica_sets() == 2
    assert not said.warnings


def test_what_is_pending_has_no_revision_to_let_through(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.do(SET_IMAGE)
    target.do(write(f"annotate deployment/checkout {BYPASS}={HELD_PENDING}"))
    target.do(write("rollout resume deployment/checkout"))
    assert target.state() == newly_held("app:2")


@pytest.mark.parametrize("command", ["restart", "undo"])
def test_kubectl_refuses_while_held(target: Target, command: str) -> None:
    target.create(deployment(image="app:0", labels=ADOPTED))
    assert target.replica_sets() == 1
    target.do_as_operator(write("set image deployment/checkout app=app:1"))
    assert target.replica_sets() == 2
    target.hold()
    said = target.ask(write(f"rollout {command} deployment/checkout"))
    assert not said.succeeded
    assert "paused" in said.complaints
    assert target.state() == HELD_BACK


def test_a_recreated_deployment_is_not_held(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    target.do(write("delete deployment/checkout"))
    target.create(deployment(image="app:2", labels=ADOPTED))
    assert target.state() == State(paused=False, held="", label="checkout", image="app:2")


def test_the_notice_says_what_to_do(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    said = target.do(write("rollout resume deployment/checkout"))
    for words in (REVISION, "kubectl get rollout checkout", f"{BYPASS}=REVISION", HELD):
        assert words in said.warnings
