"""The cache: the newest state wins, whatever the order in which it is heard of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.engine.cache import Cache
from sluice.engine.subscriptions import Subscriptions
from sluice.model.cluster import Metadata, Owner, Pod, Projection, ReplicaSet, Service
from sluice.model.kind import Descendants, InNamespace, One, Selection
from sluice.model.references import DEPLOYMENTS, PODS, REPLICASETS, SERVICES, ObjectRef, Resource
from tests.engine.harness import NS, toy_ref

APP, OTHER = ObjectRef(DEPLOYMENTS, NS, "app"), ObjectRef(DEPLOYMENTS, NS, "other")


def metadata(resource: Resource, name: str, version: int, uid: str, *owners: str) -> Metadata:
    kinds = {PODS: "ReplicaSet", REPLICASETS: "Deployment"}
    return Metadata(
        ref=ObjectRef(resource, NS, name),
        uid=uid or f"uid-{name}",
        resource_version=str(version),
        generation=1,
        created=0.0,
        deleting=False,
        labels={},
        annotations={},
        owners=tuple(Owner(kinds[resource], owner, f"uid-{owner}") for owner in owners),
    )


def service(name: str = "app", version: int = 1, uid: str = "") -> Service:
    return Service(metadata(SERVICES, name, version, uid), {}, (), headless=False)


def replica_set(name: str, *owners: str, version: int = 1) -> ReplicaSet:
    meta = metadata(REPLICASETS, name, version, "", *owners)
    return ReplicaSet(meta, name, 1, "digest", 1, 1, 1)


def pod(name: str, *owners: str, version: int = 1) -> Pod:
    meta = metadata(PODS, name, version, "", *owners)
    return Pod(meta, "Running", None, None, ())


def cache(*projections: Projection) -> Cache:
    made = Cache()
    for projection in projections:
        made.put(projection)
    return made


def names(found: tuple[Projection, ...]) -> list[str]:
    return [projection.meta.ref.name for projection in found]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(One(ObjectRef(PODS, NS, "p1")), ["p1"], id="one by name"),
        pytest.param(One(ObjectRef(PODS, NS, "no")), [], id="nothing of an unknown name"),
        pytest.param(InNamespace(PODS, NS), ["p0", "p1", "p2"], id="a namespace sorted by name"),
        pytest.param(InNamespace(PODS, "else"), [], id="nothing of another namespace"),
        pytest.param(Descendants(REPLICASETS, APP), ["r1", "r2"], id="children"),
        pytest.param(Descendants(PODS, APP), ["p1", "p2"], id="grandchildren"),
        pytest.param(Descendants(PODS, OTHER), [], id="not the grandchildren of others"),
    ],
)
def test_selects(selection: Selection, expected: list[str]) -> None:
    known = cache(
        pod("p2", "r2"), pod("p1", "r1"), pod("p0"), replica_set("r1", "app"),
        replica_set("r2", "app"),
    )  # fmt: skip

    assert names(known.select(selection)) == expected


def test_owners_in_a_circle_are_followed_once() -> None:
    circle = replica_set("r1", "r1")
    meta = replace(circle.meta, owners=(Owner("ReplicaSet", "r1", "uid-r1"),))
    known = cache(replace(circle, meta=meta))

    ancestor = ObjectRef(REPLICASETS, NS, "r1")

    assert names(known.select(Descendants(REPLICASETS, ancestor))) == ["r1"]
    assert len(known.above(known.select(One(ancestor))[0])) == 1


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        pytest.param(5, 4, 5, id="an older event changes nothing"),
        pytest.param(5, 5, 5, id="the same event again changes nothing"),
        pytest.param(9, 10, 10, id="versions compare as numbers, not as texts"),
    ],
)
def test_keeps_the_newest(first: int, second: int, kept: int) -> None:
    known = cache(service(version=first))

    assert known.put(service(version=second)) is (kept == second != first)
    assert known.select(One(service().meta.ref))[0].meta.resource_version == str(kept)


def test_an_object_created_anew_under_its_old_name_replaces_it() -> None:
    known = cache(service(version=1, uid="old"), service(version=3, uid="new"))

    assert not known.remove(service().meta.ref, "old")
    assert known.select(One(service().meta.ref))[0].meta.uid == "new"


def test_a_late_event_does_not_bring_back_what_our_own_delete_has_removed() -> None:
    known = cache(service(version=1, uid="gone"))

    known.remove(service().meta.ref, "gone")

    assert not known.put(service(version=2, uid="gone"))
    assert known.select(One(service().meta.ref)) == ()


def test_a_complete_list_removes_what_it_lacks_but_not_what_was_created_after_it() -> None:
    known = cache(service("kept", 3), service("vanished", 4), service("created-later", 12))

    known.replace(SERVICES, [service("kept").meta.ref], "10")

    assert names(known.select(InNamespace(SERVICES, NS))) == ["created-later", "kept"]


@given(
    st.permutations(range(1, 8)).flatmap(
        lambda versions: st.tuples(
            st.just(versions), st.lists(st.sampled_from(versions), max_size=6)
        )
    )
)
def test_any_order_and_repetition_of_events_ends_in_the_newest_state(
    events: tuple[list[int], list[int]],
) -> None:
    versions, repeated = events

    known = cache(*(service(version=version) for version in [*versions, *repeated]))

    assert known.select(One(service().meta.ref))[0].meta.resource_version == "7"


KEY, OTHER_KEY = toy_ref("one"), toy_ref("two")


def touched(known: Cache, wanted: Selection, change: Projection) -> bool:
    """Whether a key that wants `wanted` is told of the change."""
    subscriptions = Subscriptions(known)
    subscriptions.replace(KEY, [wanted])
    subscriptions.replace(OTHER_KEY, [One(ObjectRef(SERVICES, "else", "where"))])
    told: set[ObjectRef] = set()
    known.listen(lambda old, new: told.update(subscriptions.touched(old, new)))
    known.put(change)
    assert OTHER_KEY not in told
    return KEY in told


@pytest.mark.parametrize(
    ("wanted", "change", "expected"),
    [
        pytest.param(One(service().meta.ref), service(), True, id="the object itself"),
        pytest.param(One(service().meta.ref), service("b"), False, id="not another object"),
        pytest.param(InNamespace(SERVICES, NS), service("b"), True, id="any of the namespace"),
        pytest.param(InNamespace(PODS, NS), service("b"), False, id="not another resource"),
        pytest.param(Descendants(PODS, APP), pod("p", "r1"), True, id="a new grandchild"),
        pytest.param(Descendants(PODS, APP), pod("p", "r9"), False, id="not a stranger's child"),
        pytest.param(
            Descendants(PODS, APP),
            replica_set("r2", "app"),
            True,
            id="the link that ties a Pod to its Deployment, though it comes after the Pod",
        ),
        pytest.param(
            Descendants(PODS, APP),
            replica_set("r1", "app", version=2),
            False,
            id="not a change of a link that stays in its place",
        ),
    ],
)
def test_tells_who_wants_to_know(wanted: Selection, change: Projection, *, expected: bool) -> None:
    known = cache(replica_set("r1", "app"), pod("early", "r2"))

    assert touched(known, wanted, change) is expected


def test_a_key_that_wants_nothing_more_is_not_told() -> None:
    known = cache()
    subscriptions = Subscriptions(known)
    subscriptions.replace(KEY, [One(service().meta.ref), Descendants(PODS, APP)])

    subscriptions.drop(KEY)

    assert subscriptions.touched(None, service()) == set()
    assert subscriptions.touched(None, pod("p", "r1")) == set()


def test_deployments_are_counted_by_resource() -> None:
    known = cache(pod("a"), pod("b"), service())

    assert (known.count(PODS), known.count(SERVICES), known.count(DEPLOYMENTS)) == (2, 1, 0)
