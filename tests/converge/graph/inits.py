"""Stories of init nodes: what runs once per version, and what becomes of what waits for it."""

from collections.abc import Iterator, Mapping

from sluice.model.json import JsonObject
from sluice.startup.init.checksum import checksum
from sluice.startup.init.states import State as Init
from tests.converge.graph.hands import (
    deletes_job,
    ends,
    evicts,
    expires,
    hangs,
    has_pod,
    is_seen,
    resolves,
    tears_out,
)
from tests.converge.graph.manifests import graph, init, node
from tests.converge.graph.picture import AnyState
from tests.converge.graph.scenario import Step, Story, is_in, when
from tests.converge.graph.words import (
    ABSENT,
    BLOCKED,
    HELD,
    READY,
    applies,
    both,
    creates,
)

COMPLETE, DIRTY, MISMATCH, FAILED = Init.COMPLETE, Init.DIRTY, Init.MISMATCH, Init.FAILED
RUNNING = Init.RUNNING
API = frozenset({"api"})
DONE: Mapping[str, str] = {"migrate 43": "Complete"}


def at(**states: AnyState) -> Mapping[str, AnyState]:
    """Return the states of nodes of both sorts."""
    return states


def migrating(version: str = "43", image: str = "", most: int = 0) -> JsonObject:
    """Return the graph of an application that waits for its migration."""
    job: JsonObject = {"image": image or f"migrate:{version}"}
    written = init("migrate", version, job=job)
    return graph(written, node("api", after=["migrate"]), maxParallel=most)


A_LONE_MIGRATION = Step(applies(migrating()))
A_MIGRATION = Step(both(creates("api"), applies(migrating())))
A_LONG_MIGRATION = Step(both(creates("api"), hangs("migrate:43"), applies(migrating())))
SAID = "column price of table orders exists already"
A_DIRTY_MIGRATION = Step(
    both(
        creates("api", "web"),
        ends("migrate:43", 20, said=SAID),
        applies(
            graph(init("migrate", "43"), node("api", after=["migrate"]), node("web", after=["api"]))
        ),
    )
)
A_FAILED_MIGRATION = Step(
    both(creates("api"), ends("migrate:43", 1, said=SAID), applies(migrating()))
)
finish = ends("migrate:43", 0)


def done(*more: Step, first: Step = A_MIGRATION, runs: int = 1) -> Story:
    """Return a story in which the migration is complete in the end, and the application runs."""
    return Story(
        (first, *more), at(migrate=COMPLETE, api=READY), {"api": 2}, recorded=DONE, runs=runs
    )


def runs() -> Iterator[tuple[str, Story]]:
    yield "runs a migration, then starts what waits for it", done()
    yield (
        "holds its application while a migration runs",
        Story((A_LONG_MIGRATION,), at(migrate=RUNNING, api=HELD), held=API, runs=1),
    )
    late = A_LONE_MIGRATION
    yield (
        "runs a migration before its application is there",
        done(when(is_in(COMPLETE, "migrate"), creates("api"), 1.0), first=late),
    )
    gone = when(is_in(READY, "api"), expires, 1.0)
    yield "remembers a migration whose Job its TTL deleted", done(gone)
    again = when(is_in(READY, "api"), applies(migrating(most=3)), 1.0)
    yield "runs nothing again when the graph is applied again", done(again)
    following = when(is_in(READY, "api"), applies(migrating("44")), 1.0)
    yield (
        "runs the migration of the next version",
        Story(
            (A_MIGRATION, following),
            at(migrate=COMPLETE, api=READY),
            recorded={**DONE, "migrate 44": "Complete"},
            runs=2,
        ),
    )
    newer = when(has_pod("migrate"), both(applies(migrating("44")), finish), 1.0)
    yield (
        "records the run under way before it begins the next version",
        Story(
            (A_LONG_MIGRATION, newer),
            at(migrate=COMPLETE, api=READY),
            recorded={**DONE, "migrate 44": "Complete"},
            runs=2,
        ),
    )
    loose = Step(
        both(creates("api"), applies(graph(init("migrate"), node("api", after=["migrate"]))))
    )
    changed = graph(init("migrate", job={"image": "migrate:other"}), node("api", after=["migrate"]))
    yield (
        "runs every change of what has no version, once",
        Story(
            (
                loose,
                when(is_in(READY, "api"), applies(changed), 1.0),
                when(is_in(COMPLETE, "migrate"), lambda _: None, 4.0),
            ),
            at(migrate=COMPLETE, api=READY),
            recorded=dict.fromkeys(map(_loose, ("migrate:any", "migrate:other")), "Complete"),
            runs=2,
        ),
    )
    flaky = Step(both(creates("api"), ends("migrate:43", 1, 1, 0), applies(migrating())))
    yield "tries a migration again that fails twice", done(first=flaky)
    evicted = when(has_pod("migrate"), both(evicts("migrate"), finish), 0.5)
    yield "tries a migration again whose pod is evicted", done(evicted, first=A_LONG_MIGRATION)


def _loose(image: str) -> str:
    """Return what the record calls a node without a version."""
    return f"migrate {checksum({'image': image})}"


def mismatches() -> Iterator[tuple[str, Story]]:
    changed = applies(migrating(image="migrate:43b"))
    first = A_LONE_MIGRATION
    alone = when(is_in(COMPLETE, "migrate"), both(changed, creates("api")), 1.0)
    yield (
        "runs no changed job under one version, and holds what starts",
        Story(
            (first, alone),
            at(migrate=MISMATCH, api=BLOCKED),
            held=API,
            recorded=DONE,
            runs=1,
        ),
    )
    accept = when(is_in(BLOCKED, "api"), resolves("migrate", "Accept"), 1.0)
    yield (
        "takes a changed job for the same when a person accepts it",
        done(alone, accept, first=first),
    )
    rerun = when(is_in(BLOCKED, "api"), resolves("migrate", "Rerun"), 1.0)
    yield "runs a changed job when a person says so", done(alone, rerun, first=first, runs=2)
    taken_back = when(is_in(BLOCKED, "api"), applies(migrating()), 1.0)
    yield "goes on when the job is as it was", done(alone, taken_back, first=first)


def half_done() -> Iterator[tuple[str, Story]]:
    dirty = at(migrate=DIRTY, api=BLOCKED)
    unclean = {"migrate 43": "Dirty"}
    waits = at(migrate=DIRTY, api=BLOCKED, web=HELD)
    ready = at(migrate=COMPLETE, api=READY, web=READY)
    yield (
        "holds everything behind a migration that is half done",
        Story(
            (A_DIRTY_MIGRATION,),
            waits,
            held=frozenset({"api", "web"}),
            recorded=unclean,
            runs=1,
        ),
    )
    applied = when(is_in(BLOCKED, "api"), resolves("migrate", "Applied"), 1.0)
    yield (
        "goes on when a person has done the rest by hand",
        Story((A_DIRTY_MIGRATION, applied), ready, {"web": 2}, recorded=DONE, runs=1),
    )
    mended = when(is_in(BLOCKED, "api"), both(finish, resolves("migrate", "Rerun")), 1.0)
    yield (
        "runs again what is half done when a person says so",
        Story((A_DIRTY_MIGRATION, mended), ready, {"web": 2}, recorded=DONE, runs=2),
    )
    newer = graph(init("migrate", "44"), node("api", after=["migrate"]), node("web", after=["api"]))
    yield (
        "builds no next version on what is half done",
        Story(
            (A_DIRTY_MIGRATION, when(is_in(BLOCKED, "api"), applies(newer), 1.0)),
            waits,
            held=frozenset({"api", "web"}),
            recorded=unclean,
            runs=1,
        ),
    )
    broken = Story(
        (A_FAILED_MIGRATION,),
        at(migrate=FAILED, api=BLOCKED),
        held=API,
        recorded={"migrate 43": "Failed"},
        runs=1,
    )
    yield "fails after three tries", broken
    better = when(is_in(BLOCKED, "api"), applies(migrating(image="migrate:43b")), 1.0)
    yield (
        "runs a mended job under the version that failed",
        done(better, first=A_FAILED_MIGRATION, runs=2),
    )
    retried = when(is_in(BLOCKED, "api"), both(finish, resolves("migrate", "Rerun")), 1.0)
    yield (
        "runs a failed job again when a person says so",
        done(retried, first=A_FAILED_MIGRATION, runs=2),
    )
    for how, seen, deed in (
        ("with its pods", has_pod("migrate"), deletes_job("migrate", with_pods=True)),
        # Nobody can miss what nobody saw.
        ("by force", is_seen("migrate"), tears_out("migrate")),
    ):
        yield (
            f"never runs again a Job that is deleted {how}",
            Story(
                (A_LONG_MIGRATION, when(seen, deed, 1.0)),
                dirty,
                held=API,
                recorded=unclean,
                runs=1,
            ),
        )
    left = when(has_pod("migrate"), both(deletes_job("migrate"), finish), 1.0)
    yield "records what a deleted Job still came to", done(left, first=A_LONG_MIGRATION)
    both_ways = when(has_pod("migrate"), both(deletes_job("migrate"), ends("migrate:43", 1)), 1.0)
    yield (
        "does not try again what a person stopped",
        Story((A_LONG_MIGRATION, both_ways), dirty, held=API, recorded=unclean, runs=1),
    )


def edges() -> Iterator[tuple[str, Story]]:
    begun = graph(
        init("migrate", "43"), node("api", after=[{"node": "migrate", "until": "Started"}])
    )
    long = Step(both(creates("api"), hangs("migrate:43"), applies(begun)))
    yield (
        "starts what waits for the beginning alone",
        Story((long,), at(migrate=RUNNING, api=READY), {"api": 2}, runs=1),
    )
    optional = graph(
        init("migrate", "43"), node("api", after=[{"node": "migrate", "optional": True}])
    )
    failed = Step(both(creates("api"), ends("migrate:43", 1), applies(optional)))
    yield (
        "passes over an optional migration that failed",
        Story(
            (failed,),
            at(migrate=FAILED, api=READY),
            recorded={"migrate 43": "Failed"},
            runs=1,
        ),
    )
    dirty = Step(both(creates("api"), ends("migrate:43", 20), applies(optional)))
    yield (
        "passes over nothing that is half done",
        Story(
            (dirty,),
            at(migrate=DIRTY, api=BLOCKED),
            held=API,
            recorded={"migrate 43": "Dirty"},
            runs=1,
        ),
    )
    chain = graph(
        node("db"),
        init("migrate", "43", ["db"]),
        init("seed", "7", [{"node": "migrate", "until": "Complete"}], kind="Task"),
        init("topics", "1", kind="Queue"),
        node("api", after=["seed", "topics"]),
    )
    whole = at(db=READY, migrate=COMPLETE, seed=COMPLETE, topics=COMPLETE, api=READY)
    records = {**DONE, "seed 7": "Complete", "topics 1": "Complete"}
    all_of = Step(both(creates("db", "api"), applies(chain)))
    yield (
        "runs a migration after its database, seeds after it, and a queue beside both",
        Story((all_of,), whole, {"api": 2}, recorded=records, runs=3),
    )
    one = graph(init("migrate", "43"), init("topics", "1", kind="Queue"), node("db"), maxParallel=1)
    yield (
        "counts what initialises among those under way",
        Story(
            (Step(both(creates("db"), applies(one))),),
            at(migrate=COMPLETE, topics=COMPLETE, db=READY),
            {"db": 2},
            recorded={**DONE, "topics 1": "Complete"},
            runs=2,
        ),
    )
    unborn = graph(node("db"), init("migrate", "43", ["db"]))
    yield (
        "runs nothing before its parents are ready",
        Story((Step(applies(unborn)),), at(db=ABSENT, migrate=Init.HELD)),
    )
