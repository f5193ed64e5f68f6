"""The cache: the newest state wins, whatever the order in which it is heard of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.engine.cache import Cache
from sluice.engine.subscriptions import Subscriptions
from sluice.model.cluster import Metadata, Owner, Pod, Projection, ReplicaSet, Service
from sluice.model.kind import Descendants, InNamespace, Labelled, One, Selection
from sluice.model.names import GRAPH_LABEL
from sluice.model.references import DEPLOYMENTS, PODS, REPLICASETS, SERVICES, ObjectRef, Resource
from tests.engine.harness import NS, toy_ref

APP, OTHER = ObjectRef(DEPLOYMENTS, NS, "app"), ObjectRef(DEPLOYMENTS, NS, "other")
Seen = TypeVar("Seen", Pod, Service)


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


def labelled(projection: Seen, labels: Mapping[str, str]) -> Seen:
    """Return the object with these labels."""
    return replace(projection, meta=replace(projection.meta, labels=labels))


def in_graph(projection: Seen, graph: str = "web") -> Seen:
    """Return the object as one of a graph's nodes."""
    return labelled(projection, {GRAPH_LABEL: graph, "app": "checkout"})


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


WEB = Labelled(PODS, NS, GRAPH_LABEL, "web")


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(WEB, ["p1", "p2"], id="those with the value, sorted by name"),
        pytest.param(Labelled(PODS, NS, "app", "checkout"), ["p1", "p2", "p3"],
                     id="a label that is not ours"),
        pytest.param(Labelled(PODS, NS, GRAPH_LABEL, "no"), [], id="not those of another value"),
        pytest.param(Labelled(PODS, NS, "tier", "web"), [], id="not those without the label"),
        pytest.param(Labelled(SERVICES, NS, GRAPH_LABEL, "web"), ["s"],
                     id="not those of another resource"),
        pytest.param(Labelled(PODS, "else", GRAPH_LABEL, "web"), [],
                     id="not those of another namespace"),
    ],
)  # fmt: skip
def test_selects_by_label(selection: Labelled, expected: list[str]) -> None:
    known = cache(
        in_graph(pod("p2")), in_graph(pod("p1")), in_graph(pod("p3"), "jobs"), pod("p4"),
        in_graph(service("s")),
    )  # fmt: skip

    assert names(known.select(selection)) == expected


def test_a_label_that_changes_moves_the_object() -> None:
    known = cache(in_graph(pod("p")))

    known.put(in_graph(pod("p", version=2), "jobs"))

    assert known.select(WEB) == ()
    assert names(known.select(replace(WEB, value="jobs"))) == ["p"]


def test_an_object_that_is_gone_is_not_selected_by_its_label() -> None:
    known = cache(in_graph(pod("p")), in_graph(pod("q")))

    known.remove(ObjectRef(PODS, NS, "p"), "uid-p")
    known.replace(PODS, [], "9")

    assert known.select(WEB) == ()


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
        pytest.param(WEB, in_graph(pod("p")), True, id="a new object with the label"),
        pytest.param(WEB, in_graph(pod("p"), "jobs"), False, id="not one with another value"),
        pytest.param(WEB, in_graph(service()), False, id="not another resource with the label"),
        pytest.param(
            WEB, in_graph(pod("labelled", version=2)), True, id="a change of an object with it"
        ),
        pytest.param(WEB, pod("labelled", version=2), True, id="an object that lost the label"),
        pytest.param(
            Labelled(PODS, NS, GRAPH_LABEL, "jobs"),
            in_graph(pod("labelled", version=2), "jobs"),
            True,
            id="an object that came over from another value",
        ),
    ],
)
def test_tells_who_wants_to_know(wanted: Selection, change: Projection, *, expected: bool) -> None:
    known = cache(replica_set("r1", "app"), pod("early", "r2"), in_graph(pod("labelled")))

    assert touched(known, wanted, change) is expected


def test_a_key_that_wants_nothing_more_is_not_told() -> None:
    known = cache()
    subscriptions = Subscriptions(known)
    subscriptions.replace(KEY, [One(service().meta.ref), Descendants(PODS, APP), WEB])

    subscriptions.drop(KEY)

    assert subscriptions.touched(None, service()) == set()
    assert subscriptions.touched(None, pod("p", "r1")) == set()
    assert subscriptions.touched(None, in_graph(pod("p"))) == set()


def test_deployments_are_counted_by_resource() -> None:
    known = cache(pod("a"), pod("b"), service())

    assert (known.count(PODS), known.count(SERVICES), known.count(DEPLOYMENTS)) == (2, 1, 0)
