"""What is known of ConfigMaps and Leases in which Sluice keeps something."""

from sluice.model.cluster import ConfigMap, Lease
from sluice.model.json import Body, JsonObject

META: JsonObject = {
    "name": "one",
    "namespace": "shop",
    "uid": "uid-1",
    "resourceVersion": "7",
    "creationTimestamp": "2026-11-21T12:00:00Z",
}


def test_no_cache_holds_logs() -> None:
    body = Body(
        {"metadata": META, "data": {"log.43": "x" * 4096, "version.43": "{}", "format": ""}}
    )

    assert ConfigMap.from_body(body).data == {"version.43": "{}", "format": ""}


def test_a_config_map_may_be_empty() -> None:
    assert ConfigMap.from_body(Body({"metadata": META})).data == {}


def test_a_lease_has_a_holder_or_none() -> None:
    held: JsonObject = {"holderIdentity": "job/uid/shop/migrate"}

    assert Lease.from_body(Body({"metadata": META, "spec": held})).holder == "job/uid/shop/migrate"
    assert Lease.from_body(Body({"metadata": META, "spec": {}})).holder == ""
