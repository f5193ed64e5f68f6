"""What the hold policy does with writes to a Deployment of a Rollout."""

import pytest

from sluice.model.names import BYPASS, HELD, HELD_PENDING, ROLLOUT_LABEL
from tests.cluster.hold_target import (
    ADOPTED,
    BYPASS_PATH,
    HELD_BACK,
    HELD_PATH,
    IMAGE,
    LABEL_PATH,
    REVISION,
    State,
    Target,
    Write,
    deployment,
    newly_held,
    operation,
    patch,
    write,
)

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("prerequisites")]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(patch(operation("replace", IMAGE, "app:2")), id="a JSON patch"),
        pytest.param(
            write("replace -f -", deployment(image="app:2")),
            id="a PUT without pause, mark and label",
        ),
        pytest.param(
            write(
                "apply --server-side --force-conflicts -f -",
                deployment(image="app:2", spec={"paused": False}),
            ),
            id="a server-side apply that says paused: false",
        ),
        pytest.param(write("apply -f -", deployment(image="app:2")), id="a client-side apply"),
        pytest.param(write("set image deployment/checkout app=app:2"), id="kubectl set image"),
        pytest.param(
            patch(operation("remove", LABEL_PATH), operation("replace", IMAGE, "app:2")),
            id="a change that takes the label away as well",
        ),
        pytest.param(
            patch(
                operation("add", "/metadata/annotations", {BYPASS: HELD_PENDING}),
                operation("replace", IMAGE, "app:2"),
            ),
            id="a change that brings a bypass of its own",
        ),
    ],
)
def test_a_new_template_is_held_in_the_very_write(target: Target, change: Write) -> None:
    target.create(deployment(labels=ADOPTED))
    said = target.do(change)
    assert target.state() == newly_held("app:2")
    assert "Deployment checkout is held back" in said.warnings


def test_a_restart_is_held_as_well(target: Target) -> None:
    target.create(deployment(labels=ADOPTED))
    target.do(write("rollout restart deployment/checkout"))
    assert target.state() == newly_held("app:1")


@pytest.mark.parametrize(
    ("change", "after"),
    [
        pytest.param(write("rollout resume deployment/checkout"), HELD_BACK, id="rollout resume"),
        pytest.param(
            write(f"annotate deployment/checkout {HELD}-"), HELD_BACK, id="removal of the mark"
        ),
        pytest.param(
            write(f"label deployment/checkout {ROLLOUT_LABEL}-"),
            HELD_BACK,
            id="removal of the label",
        ),
        pytest.param(
            write("replace -f -", deployment(image="app:2")),
            HELD_BACK,
            id="a PUT of the held template",
        ),
        pytest.param(
            write(
                "apply --server-side --force-conflicts -f -",
                deployment(image="app:2", spec={"paused": False}),
            ),
            HELD_BACK,
            id="a server-side apply of the held template",
        ),
        pytest.param(
            patch(
                operation("add", BYPASS_PATH, "another"),
                operation("replace", "/spec/paused", value=False),
            ),
            HELD_BACK,
            id="a bypass of another revision",
        ),
        pytest.param(
            patch(
                operation("replace", IMAGE, "app:3"),
                operation("add", BYPASS_PATH, REVISION),
                operation("replace", "/spec/paused", value=False),
            ),
            newly_held("app:3"),
            id="a newer template under the bypass of the held one",
        ),
        pytest.param(
            write("set image deployment/checkout app=app:3"),
            newly_held("app:3"),
            id="a newer template",
        ),
        pytest.param(
            write("set image deployment/checkout app=app:1"),
            newly_held("app:1"),
            id="the stable template again",
        ),
        pytest.param(
            patch(
                operation("replace", HELD_PATH, "forged"),
                operation("add", BYPASS_PATH, "forged"),
                operation("replace", "/spec/paused", value=False),
            ),
            HELD_BACK,
            id="a bypass of a forged mark",
        ),
    ],
)
def test_what_is_held_stays_held(target: Target, change: Write, after: State) -> None:
    target.create(deployment(labels=ADOPTED))
    target.hold()
    said = target.do(change)
    assert target.state() == after
    assert "Deployment checkout is held back" in said.warnings
