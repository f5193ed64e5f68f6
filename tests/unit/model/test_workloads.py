"""What is read of a Deployment's status."""

import pytest

from sluice.model.cluster import Deployment
from sluice.model.json import Body, Json
from tests.builders import as_stored, deployment

QUOTA = "exceeded quota: pods"


def condition(kind: str, status: str) -> Json:
    return {"type": kind, "status": status, "message": QUOTA}


@pytest.mark.parametrize(
    ("conditions", "failure"),
    [
        ([], ""),
        ([condition("Available", "True")], ""),
        ([condition("ReplicaFailure", "False")], ""),
        ([condition("Available", "False"), condition("ReplicaFailure", "True")], QUOTA),
    ],
)
def test_why_pods_cannot_be_created(conditions: list[Json], failure: str) -> None:
    body = {**as_stored(deployment()), "status": {"conditions": conditions}}

    assert Deployment.from_body(Body(body)).failure == failure
