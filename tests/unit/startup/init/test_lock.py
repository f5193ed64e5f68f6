"""The lock: who has it, who may take it, and by which writes."""

import pytest

from sluice.model.cluster import Job, Lease, Pod
from sluice.model.plan import Create, Operation, Patch
from sluice.startup.init.lock import (
    Holder,
    Standing,
    create_lock,
    hold,
    holder_of,
    release,
    standing,
)
from sluice.startup.init.names import lock_ref
from tests.unit.startup.init.given import FENCE, JOB, job, lease, pod

HIS = f"{JOB}/uid-1/other/migrate"
MINE = Holder("mine", "", "shop/migrate")
GONE: tuple[Pod, ...] = ()
CASES: list[tuple[str, Lease | None, Job | None, tuple[Pod, ...], Standing]] = [
    ("there is none", None, None, GONE, Standing.ABSENT),
    ("nobody has it", lease(), None, GONE, Standing.FREE),
    ("mine by name and UID", lease("mine/uid-2/shop/migrate"), None, GONE, Standing.MINE),
    ("mine, its Job not seen yet", lease("mine//shop/migrate"), None, GONE, Standing.MINE),
    ("his, it runs", lease(HIS), job(), (pod(),), Standing.TAKEN),
    ("his, about to be made", lease(f"{JOB}//other/migrate"), None, GONE, Standing.TAKEN),
    (
        "his, not signed yet, it runs",
        lease(f"{JOB}//other/migrate"),
        job(),
        (pod(),),
        Standing.TAKEN,
    ),
    ("of this node, never made", lease(f"{JOB}//shop/migrate"), None, GONE, Standing.FREE),
    ("of nobody in particular", lease(JOB), None, GONE, Standing.TAKEN),
    ("his, it ended, no record yet", lease(HIS), job(ended="Failed"), GONE, Standing.TAKEN),
    ("his, ended, recorded", lease(HIS), job(ended="Failed", kept=False), GONE, Standing.FREE),
    (
        "his, ended and recorded, but a pod of it runs",
        lease(HIS),
        job(ended="Failed", kept=False),
        (pod(),),
        Standing.TAKEN,
    ),
    ("his, gone, and nobody recorded it", lease(HIS), None, GONE, Standing.TAKEN),
    ("his, gone, but a pod of it runs", lease(HIS), None, (pod(),), Standing.TAKEN),
    ("his, another one has its name", lease(HIS), job(uid="uid-9"), GONE, Standing.TAKEN),
    (
        "of this node, never made, but a pod runs",
        lease(f"{JOB}//shop/migrate"),
        None,
        (pod(),),
        Standing.TAKEN,
    ),
]


@pytest.mark.parametrize(("_", "given", "held", "pods", "as_"), CASES, ids=[c[0] for c in CASES])
def test_how_a_lock_stands(
    _: str, given: Lease | None, held: Job | None, pods: tuple[Pod, ...], as_: Standing
) -> None:
    assert standing(given, MINE, held, pods) is as_


@pytest.mark.parametrize(
    "holder", [Holder("a", "b", "shop/c"), Holder("a", "", "shop/c"), Holder("", "", "")]
)
def test_a_holder_is_read_as_it_was_written(holder: Holder) -> None:
    assert holder_of(lease(str(holder))) == holder


def test_a_lock_is_created_free_so_that_having_created_it_means_nothing() -> None:
    made = create_lock("group", lock_ref("shop", "shop-db"), "shop-db", FENCE)

    assert isinstance(made, Create)
    assert made.manifest["spec"] == {}
    assert made.fence is FENCE
    assert made.identity.keys() == {"sluice.dev/lock"}


def test_it_is_taken_on_the_version_that_was_seen() -> None:
    taken = hold("group", lease(), MINE, FENCE)

    where = lease().meta.ref
    operation = Operation("add", "/spec/holderIdentity", "mine//shop/migrate")
    assert taken == Patch("group", where, (operation,), "7", FENCE)


def test_it_is_given_back_on_the_version_that_was_seen() -> None:
    given = release("group", lease(HIS))

    operation = Operation("remove", "/spec/holderIdentity")
    assert given == Patch("group", lease().meta.ref, (operation,), "7")
