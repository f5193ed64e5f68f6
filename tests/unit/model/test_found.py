"""Reading an observation."""

from sluice.model.cluster import Deployment, Pod, VolumeClaim
from sluice.model.found import Found, all_of, one_of
from sluice.model.json import Body, JsonObject
from sluice.model.kind import InNamespace, One
from sluice.model.references import DEPLOYMENTS, PODS, ObjectRef
from tests.builders import as_stored, deployment

REF = ObjectRef(DEPLOYMENTS, "shop", "checkout")
BODY: JsonObject = as_stored(deployment())
WORKLOAD, POD = Deployment.from_body(Body(BODY)), Pod.from_body(Body(BODY))


def test_one_object_is_found_in_its_type_or_not_at_all() -> None:
    found: Found = {One(REF): (WORKLOAD,)}

    assert one_of(found, One(REF), Deployment) is WORKLOAD
    assert one_of(found, One(REF), VolumeClaim) is None
    assert one_of({}, One(REF), Deployment) is None


def test_all_objects_of_a_type_are_found() -> None:
    pods = InNamespace(PODS, "shop")

    assert all_of({pods: (WORKLOAD, POD, POD)}, pods, Pod) == (POD, POD)
    assert all_of({}, pods, Pod) == ()
