"""What is known of the end of a Job, and of the pods of an initialising one."""

import pytest

from sluice.model.cluster import Job, Pod
from sluice.model.json import Body, Json, JsonObject
from sluice.model.scalars import parse_instant
from tests.unit.model.test_bookkeeping import META

AT = "2026-11-21T12:00:05Z"


def job(*conditions: Json, **status: Json) -> Job:
    metadata: JsonObject = {**META, "finalizers": ["a", "sluice.dev/record"]}
    given: JsonObject = {"conditions": conditions, **status}
    return Job.from_body(Body({"metadata": metadata, "status": given}))


def end(kind: str, **more: Json) -> JsonObject:
    return {"type": kind, "status": "True", "lastTransitionTime": AT, **more}


def test_a_job_that_runs_has_no_end() -> None:
    found = job(end("FailureTarget"), failed=1)

    assert (found.finished, found.ended, found.failure_reason, found.tries) == (False, None, "", 1)
    assert found.finalizers == ("a", "sluice.dev/record")


def test_a_job_that_completed() -> None:
    found = job(end("Complete"), succeeded=1, failed=2)

    assert (found.finished, found.ended, found.tries) == (True, parse_instant(AT), 3)


@pytest.mark.parametrize("message", ["", "an exit code matched"])
def test_a_job_that_failed_says_why_in_one_word_and_is_over_without_a_message(message: str) -> None:
    found = job(end("Failed", reason="PodFailurePolicy", message=message))

    assert (found.finished, found.failure_reason) == (True, "PodFailurePolicy")
    assert found.failure


def pod(role: str, *containers: JsonObject) -> Pod:
    labels: JsonObject = {"sluice.dev/role": role}
    status: JsonObject = {"containerStatuses": containers}
    return Pod.from_body(Body({"metadata": {**META, "labels": labels}, "status": status}))


def container(name: str, code: int | None) -> JsonObject:
    ended: JsonObject = {"exitCode": code, "message": "done", "finishedAt": AT}
    state: JsonObject = {"running": {}} if code is None else {"terminated": ended}
    return {"name": name, "imageID": "shop@sha256:0", "state": state}


def test_the_end_of_the_container_that_we_wrote_counts() -> None:
    found = pod("init", container("a-proxy", 137), container("init", 20)).ending

    assert found is not None
    assert (found.exit_code, found.message, found.image) == (20, "done", "shop@sha256:0")
    assert found.finished == parse_instant(AT)


def test_one_that_runs_has_none() -> None:
    assert pod("init", container("init", None)).ending is None
    assert pod("init", container("a-proxy", 0)).ending is None
    assert pod("init").ending is None


def test_no_cache_holds_the_messages_of_other_pods() -> None:
    assert pod("canary", container("init", 1)).ending is None


NO_SECRET: JsonObject = {
    "reason": "CreateContainerConfigError",
    "message": 'secret "database" not found',
}
NO_ROOM: JsonObject = {
    "type": "PodScheduled",
    "status": "False",
    "message": "0/1 nodes are available: 1 Insufficient cpu",
}


def waiting(**state: Json) -> JsonObject:
    return {"name": "init", "image": "shop/migrate:43", "state": {"waiting": state}}


@pytest.mark.parametrize(
    ("status", "stuck"),
    [
        pytest.param({}, "", id="it is new"),
        pytest.param({"containerStatuses": [container("init", None)]}, "", id="it runs"),
        pytest.param(
            {"containerStatuses": [waiting(reason="ContainerCreating")]}, "", id="it begins"
        ),
        pytest.param(
            {"containerStatuses": [container("a-proxy", None), waiting(**NO_SECRET)]},
            'CreateContainerConfigError: secret "database" not found',
            id="a Secret is missing",
        ),
        pytest.param(
            {"containerStatuses": [waiting(reason="ErrImagePull", message="not found")]},
            "image shop/migrate:43 cannot be pulled",
            id="a pull that failed",
        ),
        pytest.param(
            {"containerStatuses": [waiting(reason="ImagePullBackOff", message="Back-off")]},
            "image shop/migrate:43 cannot be pulled",
            id="a pull that is tried again later",
        ),
        pytest.param(
            {"conditions": [NO_ROOM]},
            "no machine takes it: 0/1 nodes are available: 1 Insufficient cpu",
            id="it has no room",
        ),
        pytest.param({"conditions": [{**NO_ROOM, "status": "True"}]}, "", id="it has room"),
    ],
)
def test_why_a_pod_of_ours_does_not_start(status: JsonObject, stuck: str) -> None:
    for role, said in (("init", stuck), ("canary", "")):
        labelled: JsonObject = {**META, "labels": {"sluice.dev/role": role}}
        assert Pod.from_body(Body({"metadata": labelled, "status": status})).stuck == said
