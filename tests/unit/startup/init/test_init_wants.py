"""What is looked for, and what of it belongs to the node."""

from sluice.model.cluster import Pod, Projection
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Descendants, Labelled, One, Selection
from sluice.startup.init.states import State
from sluice.startup.init.wants import observed, selections
from tests.unit.startup.init.given import (
    GRAPH,
    INIT,
    JOB,
    NAMESPACE,
    NODE,
    entry,
    init,
    job,
    kept_in,
    lease,
    meta,
    situation,
    status,
)

HELD = lease("shop-other-0a/uid-9/shop/other")


def wanted(*, locked: bool = False) -> tuple[Selection, ...]:
    lock = One(HELD.meta.ref)
    return selections(NAMESPACE, INIT, status(), {lock: (HELD,)} if locked else {})


def pod(**labels: str) -> Pod:
    marks: JsonObject = {f"sluice.dev/{name}": value for name, value in labels.items()}
    return Pod.from_body(Body({"metadata": meta("one", "uid-of-one", labels=marks)}))


def test_record_lock_and_the_jobs_of_the_graph() -> None:
    one, lock, jobs, pods = wanted()

    assert isinstance(one, One)
    assert (one.ref.resource.kind, lock) == ("ConfigMap", One(HELD.meta.ref))
    assert isinstance(jobs, Labelled)
    assert isinstance(pods, Labelled)
    assert (jobs.label, jobs.value, pods.resource.kind) == ("sluice.dev/graph", GRAPH, "Pod")


def test_then_the_job_that_has_the_lock_and_its_pods() -> None:
    *_, his, below = wanted(locked=True)

    assert isinstance(his, One)
    assert his.ref.name == "shop-other-0a"
    assert isinstance(below, Descendants)
    assert below.ancestor == his.ref


def test_a_run_under_way_looks_for_what_it_began_with() -> None:
    moved = init(lock="db")

    before = selections(NAMESPACE, moved, status(State.HELD), {})[:2]
    during = selections(NAMESPACE, moved, status(State.RUNNING), {})[:2]

    assert during == wanted()[:2]
    assert before != during


def test_only_what_is_the_nodes_own_is_taken() -> None:
    record, _, jobs, pods = wanted()
    mine = pod(graph=GRAPH, node=NODE, role="init")
    others = (
        pod(graph=GRAPH, node=NODE),
        pod(graph=GRAPH, node="other", role="init"),
    )
    foreign = job(own={"labels": {"sluice.dev/graph": GRAPH}})
    found: dict[Selection, tuple[Projection, ...]] = {
        record: (kept_in(entry()),),
        jobs: (job(), foreign),
        pods: (*others, mine),
    }

    seen = observed(situation(), found, {})

    assert [one.run.version for one in seen.record.entries] == ["43"]
    assert [one.meta.ref.name for one in seen.jobs] == [JOB]
    assert seen.pods == (mine,)
    assert (seen.lease, seen.holding, seen.holding_pods) == (None, None, ())


def test_a_job_is_gone_when_a_fresh_read_says_so() -> None:
    given = situation(status(State.RUNNING))
    want = observed(given, {}, {}).missing

    assert want is not None
    assert (want.ref.name, want.uid) == (JOB, "uid-1")
    assert not observed(given, {}, {}).gone
    assert not observed(given, {}, {want: {}}).gone
    assert observed(given, {}, {want: None}).gone
    assert not observed(situation(), {}, {}).gone
