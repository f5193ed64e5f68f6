"""The metadata of an object of ours, and its finalizer."""

import pytest

from sluice.model.json import Body, Json
from sluice.model.own import OwnMeta, add_finalizer, drop_finalizer
from sluice.model.plan import Operation, Patch
from sluice.model.references import DEPLOYMENTS, STARTUPGRAPHS, ObjectRef

OURS = "sluice.dev/cleanup"


def own(**more: Json) -> OwnMeta:
    named = {"namespace": "shop", "name": "shop", "uid": "1", "resourceVersion": "7"}
    return OwnMeta.from_body(Body({"metadata": {**named, **more}}), STARTUPGRAPHS)


def test_what_is_read() -> None:
    one = own(generation=4, annotations={"a": "b"}, finalizers=[OURS], deletionTimestamp="x")

    ref = ObjectRef(STARTUPGRAPHS, "shop", "shop")
    assert one == OwnMeta(ref, "1", 4, True, {"a": "b"}, (OURS,), "7")
    assert own() == OwnMeta(ref, "1", 1, False, {}, (), "7")


def test_what_is_near_is_in_the_same_namespace() -> None:
    assert own().near(DEPLOYMENTS, "api") == ObjectRef(DEPLOYMENTS, "shop", "api")


@pytest.mark.parametrize(
    ("one", "added", "dropped"),
    [
        pytest.param(own(), [OURS], None, id="none yet"),
        pytest.param(own(finalizers=["a"]), ["a", OURS], None, id="somebody else's"),
        pytest.param(own(finalizers=["a", OURS]), None, ["a"], id="ours is there"),
        pytest.param(own(deletionTimestamp="x"), None, None, id="being deleted, and nothing there"),
        pytest.param(own(deletionTimestamp="x", finalizers=[OURS]), None, [], id="being deleted"),
    ],
)
def test_the_finalizer(one: OwnMeta, added: list[str] | None, dropped: list[str] | None) -> None:
    def patch(op: str, value: list[str] | None) -> tuple[Patch, ...]:
        if value is None:
            return ()
        operation = Operation(op, "/metadata/finalizers", value)
        return (Patch(str(one.ref), one.ref, (operation,), "7"),)

    assert add_finalizer(one) == patch("add", added)
    assert drop_finalizer(one) == patch("replace", dropped)
