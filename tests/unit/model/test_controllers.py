"""What is read of StatefulSets, DaemonSets and Jobs."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import DaemonSet, Job, StatefulSet
from sluice.model.json import Body, Json

SINCE, AT = "2026-11-21T12:00:00Z", 1795262400.0
NAMED: Mapping[str, Json] = {
    "namespace": "shop",
    "name": "db",
    "uid": "1",
    "resourceVersion": "7",
    "creationTimestamp": SINCE,
}
TEMPLATE: Mapping[str, Json] = {"template": {"metadata": {"labels": {"app": "db"}}}}


def body(spec: Mapping[str, Json] | None = None, **status: Json) -> Body:
    return Body({"metadata": NAMED, "spec": spec or {}, "status": status})


def test_a_set_that_was_just_created() -> None:
    one = StatefulSet.from_body(body())

    assert (one.replicas, one.ordered, one.update_revision) == (1, True, "")
    assert (one.observed_generation, one.ready_replicas, one.available_replicas) == (0, 0, 0)
    assert one.template_labels == {}


def test_a_set_that_runs() -> None:
    spec = {**TEMPLATE, "replicas": 3, "podManagementPolicy": "Parallel"}
    one = StatefulSet.from_body(
        body(
            spec, observedGeneration=4, updateRevision="db-2", readyReplicas=2, availableReplicas=1
        )
    )

    assert (one.meta.ref.resource.kind, one.replicas, one.ordered) == ("StatefulSet", 3, False)
    assert (one.observed_generation, one.update_revision) == (4, "db-2")
    assert (one.ready_replicas, one.available_replicas) == (2, 1)
    assert one.template_labels == {"app": "db"}


def test_a_daemonset() -> None:
    new = DaemonSet.from_body(body())
    one = DaemonSet.from_body(
        body(TEMPLATE, observedGeneration=4, desiredNumberScheduled=3, numberAvailable=2)
    )

    assert (new.observed_generation, new.desired, new.available) == (0, 0, 0)
    assert (one.observed_generation, one.desired, one.available) == (4, 3, 2)
    assert (one.meta.ref.resource.kind, one.template_labels) == ("DaemonSet", {"app": "db"})


def ends(*conditions: tuple[str, str], **more: Json) -> Json:
    return [{"type": kind, "status": status, **more} for kind, status in conditions]


@pytest.mark.parametrize(
    ("spec", "status", "suspended", "started", "complete", "failure"),
    [
        pytest.param({}, {}, False, None, False, "", id="just created"),
        pytest.param({"suspend": True}, {}, True, None, False, "", id="suspended"),
        pytest.param({}, {"startTime": SINCE}, False, AT, False, "", id="it runs"),
        pytest.param(
            {},
            {
                "startTime": SINCE,
                "conditions": ends(("SuccessCriteriaMet", "True"), ("Complete", "True")),
            },
            False,
            AT,
            True,
            "",
            id="complete",
        ),
        pytest.param(
            {},
            {"conditions": ends(("SuccessCriteriaMet", "True"))},
            False,
            None,
            False,
            "",
            id="its last pods are ending",
        ),
        pytest.param(
            {},
            {"conditions": ends(("Complete", "False"))},
            False,
            None,
            False,
            "",
            id="not complete",
        ),
        pytest.param(
            {},
            {"conditions": ends(("Failed", "True"), message="too often")},
            False,
            None,
            False,
            "too often",
            id="failed",
        ),
        pytest.param(
            {},
            {"conditions": ends(("Failed", "True"))},
            False,
            None,
            False,
            "it failed",
            id="failed without a word",
        ),
        pytest.param(
            {}, {"conditions": ends(("Failed", "False"))}, False, None, False, "", id="not failed"
        ),
    ],
)
def test_a_job(
    spec: Mapping[str, Json],
    status: Mapping[str, Json],
    suspended: bool,  # noqa: FBT001 - a column of the table
    started: float | None,
    complete: bool,  # noqa: FBT001 - a column of the table
    failure: str,
) -> None:
    one = Job.from_body(body({**TEMPLATE, **spec}, **status))

    assert (one.suspended, one.started, one.complete) == (suspended, started, complete)
    assert (one.failure, one.template_labels) == (failure, {"app": "db"})
