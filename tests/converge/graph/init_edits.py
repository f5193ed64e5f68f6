"""Stories of edits, deletions and people around init nodes: locks, suspension, steps down."""

from collections.abc import Iterator

from sluice.startup.init.states import State as Init
from tests.converge.graph.hands import (
    deletes_job,
    deletes_namespace,
    ends,
    forgets,
    hangs,
    has_pod,
    is_seen,
    makes_namespace,
    undoes,
)
from tests.converge.graph.inits import (
    A_LONG_MIGRATION,
    A_MIGRATION,
    API,
    COMPLETE,
    DIRTY,
    DONE,
    at,
    done,
    finish,
    migrating,
)
from tests.converge.graph.manifests import GRAPH, graph, graph_ref, init, node
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Step, Story, is_in, then, when
from tests.converge.graph.words import (
    BLOCKED,
    HELD,
    NO_NODES,
    NOBODY_COMES_SECONDS,
    READY,
    applies,
    both,
    creates,
)
from tests.converge.scenario import When
from tests.converge.store import Store


def _is_gone(store: Store) -> bool:
    return GRAPH not in store.objects


def _delete(people: People) -> None:
    people.delete(GRAPH)


def deletions() -> Iterator[tuple[str, Story]]:
    gone, again = when(is_in(READY, "api"), _delete, 1.0), when(_is_gone, applies(migrating()), 3.0)
    yield "runs nothing again when its graph is made anew", done(gone, again)
    forced = when(is_in(READY, "api"), forgets(), 1.0)
    yield "runs nothing again when its graph was taken away by force", done(forced, again)
    running = when(has_pod("migrate"), _delete, 1.0)
    over = then(finish, 9.0)
    let_go = Story(
        (A_LONG_MIGRATION, running, over),
        NO_NODES,
        {"api": 2},
        recorded=DONE,
        runs=1,
        quiet_seconds=NOBODY_COMES_SECONDS,
    )
    yield "stays until the end of its migration is recorded when it is deleted", let_go
    torn = when(is_seen("migrate"), forgets(), 1.0)
    back = then(both(applies(migrating()), finish), 5.0)
    yield "takes over what runs still of a former graph", done(torn, back, first=A_LONG_MIGRATION)
    newer = then(both(applies(migrating("44")), finish), 5.0)
    yield (
        "records what runs still of a former graph before the next version",
        Story(
            (A_LONG_MIGRATION, torn, newer),
            at(migrate=COMPLETE, api=READY),
            recorded={**DONE, "migrate 44": "Complete"},
            runs=2,
        ),
    )


def removals() -> Iterator[tuple[str, Story]]:
    without = graph(node("api"))
    removed = when(has_pod("migrate"), applies(without), 1.0)
    over = then(finish, 5.0)
    yield (
        "records and forgets a migration that is removed while it runs",
        Story((A_LONG_MIGRATION, removed, over), at(api=READY), {"api": 2}, recorded=DONE, runs=1),
    )
    early = then(applies(migrating()), 3.0)
    yield (
        "goes on with a migration that is removed and added while it runs",
        done(removed, early, over, first=A_LONG_MIGRATION),
    )
    late = then(applies(migrating()), 9.0)
    yield (
        "runs nothing again that is added again",
        done(removed, over, late, first=A_LONG_MIGRATION),
    )
    unrun = Step(both(creates("api"), applies(graph(init("migrate", "43", ["db"]), node("db")))))
    yield (
        "forgets a migration that is removed before it runs",
        Story((unrun, when(is_in(Init.HELD, "migrate"), applies(without), 1.0)), at(api=READY)),
    )
    workload = graph(node("migrate"), node("api", after=["migrate"]))
    replaced = when(has_pod("migrate"), both(creates("migrate"), applies(workload)), 1.0)
    yield (
        "makes way for a workload of its name",
        Story(
            (A_LONG_MIGRATION, replaced, over),
            at(migrate=READY, api=READY),
            {"migrate": 2, "api": 2},
            recorded=DONE,
            runs=1,
        ),
    )
    first = Step(both(creates("migrate", "api"), applies(workload)))
    initialises = when(is_in(READY, "api"), applies(migrating()), 1.0)
    yield (
        "takes the place of a workload of its name",
        Story((first, initialises), at(migrate=COMPLETE, api=READY), recorded=DONE, runs=1),
    )
    cycle = graph(
        init("migrate", "43", ["web"]), node("api", after=["migrate"]), node("web", after=["api"])
    )
    invalid = when(has_pod("migrate"), applies(cycle), 1.0)
    yield (
        "records what runs while an edit makes a cycle",
        Story(
            (A_LONG_MIGRATION, invalid, over),
            at(migrate=COMPLETE, api=HELD),
            held=API,
            recorded=DONE,
            runs=1,
        ),
    )
    mended = then(applies(migrating()), 5.0)
    yield (
        "goes on when the cycle is mended behind a run",
        done(invalid, over, mended, first=A_LONG_MIGRATION),
    )


def locks() -> Iterator[tuple[str, Story]]:
    mall, both_done = graph_ref("mall"), {"migrate 43": "Complete", "migrate 44": "Complete"}
    shop = Step(both(hangs("migrate:43"), applies(graph(init("migrate", "43", lock="db")))))
    behind = when(has_pod("migrate"), applies(graph(init("migrate", "44", lock="db"), name="mall")))
    yield (
        "waits for another graph that has the lock",
        Story(
            (shop, behind, then(finish, 5.0)),
            at(migrate=COMPLETE),
            others={mall.name: at(migrate=COMPLETE)},
            recorded=both_done,
            runs=2,
        ),
    )
    at_once = Step(
        both(
            applies(graph(init("migrate", "43", lock="db"))),
            applies(graph(init("migrate", "44", lock="db"), name="mall")),
        )
    )
    yield (
        "runs one after the other what two graphs want at once",
        Story(
            (at_once,),
            at(migrate=COMPLETE),
            others={mall.name: at(migrate=COMPLETE)},
            recorded=both_done,
            runs=2,
        ),
    )
    same = Step(
        both(
            applies(graph(init("migrate", "43", lock="db"))),
            applies(graph(init("migrate", "43", lock="db"), name="mall")),
        )
    )
    yield (
        "runs once what two graphs want of one version",
        Story(
            (same,),
            at(migrate=COMPLETE),
            others={mall.name: at(migrate=COMPLETE)},
            recorded=DONE,
            runs=1,
        ),
    )


def other_locks() -> Iterator[tuple[str, Story]]:
    named = graph(init("migrate", "43", lock="db"), node("api", after=["migrate"]))
    moved = when(has_pod("migrate"), applies(named), 1.0)
    yield (
        "gives the lock back under which it ran when the graph names another one meanwhile",
        Story(
            (A_LONG_MIGRATION, moved, then(finish, 3.0)),
            at(migrate=Init.MISMATCH, api=BLOCKED),
            held=API,
            recorded=DONE,
            runs=1,
        ),
    )
    newer = graph(init("migrate", "44", lock="db"), node("api", after=["migrate"]))
    both_moved = when(has_pod("migrate"), applies(newer), 1.0)
    yield (
        "runs the next version under another lock, and leaves none taken",
        Story(
            (A_LONG_MIGRATION, both_moved, then(finish, 3.0)),
            at(migrate=COMPLETE, api=READY),
            {"api": 2},
            recorded={**DONE, "migrate 44": "Complete"},
            runs=2,
        ),
    )


def people() -> Iterator[tuple[str, Story]]:
    suspended = graph(init("migrate", "43"), node("api", after=["migrate"]), suspend=True)
    asleep = Step(both(creates("api"), applies(suspended)))
    yield (
        "runs nothing while suspended",
        Story((asleep,), at(migrate=Init.HELD, api=HELD), held=API),
    )
    resume = then(lambda p: p.suspend(suspend=False), 3.0)
    yield "runs when it is resumed", done(resume, first=asleep)
    stop = when(has_pod("migrate"), lambda p: p.suspend(suspend=True), 0.5)
    over = then(finish, 3.0)
    yield (
        "goes on with what runs while suspended, and starts nothing after it",
        Story(
            (A_LONG_MIGRATION, stop, over),
            at(migrate=COMPLETE, api=HELD),
            held=API,
            recorded=DONE,
            runs=1,
        ),
    )
    step_down = graph(
        init("migrate", "43", down={"image": "migrate:down"}), node("api", after=["migrate"])
    )
    reversible = Step(both(creates("api"), applies(step_down)))
    refused = when(is_in(READY, "api"), undoes("migrate"), 1.0)
    yield "undoes nothing on which something runs", done(refused, first=reversible)
    stopped = when(is_in(READY, "api"), lambda p: p.scale("api", 0), 1.0)
    undo = then(undoes("migrate"), 4.0)
    yield (
        "undoes a migration once nothing runs on it",
        Story(
            (reversible, stopped, undo),
            at(migrate=Init.HELD, api=READY),
            {"api": 0},
            recorded={"migrate 43": "Undone"},
            runs=2,
        ),
    )
    without = Story(
        (A_MIGRATION, stopped, undo),
        at(migrate=COMPLETE, api=READY),
        {"api": 0},
        recorded=DONE,
        runs=1,
    )
    yield "undoes nothing without a step that does it", without
    half = then(both(ends("migrate:down", 20), undoes("migrate")), 4.0)
    yield (
        "is half undone when the step that undoes it says so",
        Story(
            (reversible, stopped, half),
            at(migrate=DIRTY, api=READY),
            {"api": 0},
            recorded={"migrate 43": "Dirty"},
            runs=2,
        ),
    )


def namespaces() -> Iterator[tuple[str, Story]]:
    make = Step(both(makes_namespace, creates("api"), hangs("migrate:43"), applies(migrating())))

    def running(deed: When) -> tuple[Step, ...]:
        return (make, when(deed, deletes_namespace, 1.0))

    for what, condition in (
        ("while a migration runs", has_pod("migrate")),
        ("as soon as a Job is seen", is_seen("migrate")),
    ):
        yield f"lets its namespace go {what}", Story(running(condition), NO_NODES, runs=1)
    ready = Step(both(makes_namespace, creates("api"), applies(migrating())))
    yield (
        "lets its namespace go when all is done",
        Story((ready, when(is_in(READY, "api"), deletes_namespace, 1.0)), NO_NODES, runs=1),
    )
    orphaned = then(both(forgets(), deletes_job("migrate")), 1.0)
    yield (
        "lets a Job go whose graph was taken away by force when it is deleted",
        Story(
            (
                A_LONG_MIGRATION,
                when(has_pod("migrate"), lambda _: None),
                orphaned,
                then(finish, 3.0),
            ),
            NO_NODES,
            {"api": 2},
            runs=1,
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
