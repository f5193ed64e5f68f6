"""What the API server says of a manifest of ours that it refuses."""

import json
from dataclasses import dataclass

import pytest
from kubernetes import client

from sluice.model.json import Body, Json
from sluice.model.references import GROUP, VERSION, Resource
from tests.altered_manifests import invalid
from tests.cluster.kubectl import Kubectl


@dataclass(frozen=True, slots=True)
class Cause:
    """One complaint of the API server: where, and in which words."""

    field: str
    message: str


def each_invalid(kind: Resource) -> pytest.MarkDecorator:
    """Run a test once for each case that has to be refused of a kind."""
    cases = [pytest.param(case, id=case.text("refuses")) for case in invalid(kind)]
    return pytest.mark.parametrize("case", cases)


def check_refusal(
    kube: client.ApiClient, kind: Resource, manifest: dict[str, Json], case: Body
) -> None:
    """Check that a manifest is refused, and where and in which words."""
    causes = refused(kube, kind, manifest)
    words = (case.text("value"), case.text("example"))
    assert any(
        cause.field == case.text("field") and all(word in cause.message for word in words)
        for cause in causes
    ), causes


def refused(kube: client.ApiClient, kind: Resource, manifest: dict[str, Json]) -> list[Cause]:
    """Return why the API server refuses the creation of an object; it has to."""
    with pytest.raises(client.ApiException) as refusal:
        client.CustomObjectsApi(kube).create_namespaced_custom_object(
            GROUP, VERSION, "default", kind.plural, manifest, dry_run="All"
        )
    assert refusal.value.status == 422
    details = Body(json.loads(refusal.value.body or "{}")).body("details")
    return [Cause(cause.text("field"), cause.text("message")) for cause in details.bodies("causes")]


def check_unknown_field(kubectl: Kubectl, manifest: dict[str, Json], path: str) -> None:
    """Check that kubectl refuses a manifest for a field that does not exist."""
    said = kubectl.ask("create", "--dry-run=server", "-f", "-", manifest=manifest)
    assert not said.succeeded, said.output
    assert f'unknown field "{path}"' in said.complaints, said.complaints
