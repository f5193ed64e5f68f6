"""Stories of what stands around a graph: other graphs, owners of Jobs, the released sets."""

from collections.abc import Iterator

from sluice.model.json import JsonObject
from tests.converge.cluster import RELEASED
from tests.converge.graph.manifests import GRAPH, graph, node, queued, scheduled, workload
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Deed, Step, Story, is_in, then, when
from tests.converge.graph.words import (
    ABSENT,
    HELD,
    NO_NODES,
    NOBODY_COMES_SECONDS,
    READY,
    RELEASING,
    STARTING,
    all_ready,
    applies,
    both,
    creates,
)

_SHOP = graph(node("db"))
# It names the workload of another graph, and has one of its own that waits for it.
_MALL = graph(node("db"), node("till", after=["db"]), name="mall")


def _writes(manifest: JsonObject) -> Deed:
    return lambda people: people.write(manifest)


def other_graphs() -> Iterator[tuple[str, Story]]:
    workloads = both(creates("db"), _writes(workload("till", "Deployment", "mall")))
    waiting = {"mall": {"db": ABSENT, "till": HELD}}
    till = frozenset({"till"})
    for first, second, which in ((_SHOP, _MALL, "older"), (_MALL, _SHOP, "younger")):
        steps = (Step(both(workloads, applies(first))), then(applies(second), 1.0))
        yield (
            f"leaves a workload to the {which} graph that it names",
            Story(steps, all_ready("db"), {"db": 2}, till, waiting),
        )
    begun = Step(both(workloads, applies(_SHOP), applies(_MALL)))
    moved = when(is_in(READY, "db"), lambda p: p.relabel("db", "mall"), 1.0)
    yield (
        "hands a workload over that names another graph",
        Story(
            (begun, moved),
            {"db": ABSENT},
            {"db": 2, "till": 2},
            others={"mall": all_ready("db", "till")},
        ),
    )
    asleep = graph(node("db"), suspend=True)
    held = Step(both(workloads, applies(asleep), applies(_MALL)))
    gone = when(is_in(HELD, "db"), lambda p: p.delete(GRAPH), 1.0)
    yield (
        "lets go what another graph waits for when its own is deleted",
        Story(
            (held, gone),
            NO_NODES,
            {"db": 2},
            till,
            waiting,
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )


_AFTER_DB = graph(node("migrate", "Job", after=["db"]), node("db"), node("api", after=["migrate"]))


def jobs_of_others() -> Iterator[tuple[str, Story]]:
    job = workload("migrate", "Job")
    for what, one in (("queued", queued(job)), ("of a CronJob", scheduled(job))):
        start = Step(both(creates("api"), _writes(one), applies(_AFTER_DB)))
        yield (
            f"never suspends a Job that is {what}",
            Story((start,), {"db": ABSENT, **all_ready("migrate", "api")}, {"api": 2}),
        )
    stopped = queued(workload("migrate", "Job", suspend=True))
    queue = Step(both(creates("api"), _writes(stopped), applies(_AFTER_DB)))
    admitted = when(is_in(STARTING, "migrate"), lambda p: p.unsuspend("migrate"), 9.0)
    waits = {"db": ABSENT, "migrate": STARTING, "api": HELD}
    yield (
        "leaves the suspension of a queued Job to its queue",
        Story((queue,), waits, held=frozenset({"api"})),
    )
    yield (
        "goes on when a queued Job is admitted",
        Story((queue, admitted), {"db": ABSENT, **all_ready("migrate", "api")}, {"api": 2}),
    )


_SETS = (node("db", "StatefulSet"), node("api", after=["db"]))


def _lose_list(people: People) -> None:
    people.delete(RELEASED)


def lost_lists() -> Iterator[tuple[str, Story]]:
    ready = all_ready("db", "api")
    create = creates(("db", "StatefulSet"), "api")
    asleep = Step(both(create, applies(graph(*_SETS, suspend=True))))
    woken = both(_lose_list, lambda p: p.suspend(suspend=False))
    lost = when(is_in(HELD, "db"), woken, 1.0)
    both_held = frozenset({"db", "api"})
    yield (
        "holds a StatefulSet while the list of released sets is missing",
        Story((asleep, lost), {"db": RELEASING, "api": HELD}, {"db": 0}, both_held),
    )
    back = when(is_in(RELEASING, "db"), People.install, 20.0)
    yield (
        "releases a StatefulSet once the list of released sets is back",
        Story((asleep, lost, back), ready, {"db": 2, "api": 2}),
    )
    others = (node("db", "StatefulSet"), node("api"), node("web", after=["api"]))
    three = both(create, creates("web"), applies(graph(*others, suspend=True)))
    yield (
        "starts all others while the list of released sets is missing",
        Story(
            (Step(three), lost),
            {"db": RELEASING, **all_ready("api", "web")},
            {"api": 2, "web": 2},
            frozenset({"db"}),
        ),
    )
    running = Step(both(create, applies(graph(*_SETS))))
    anew = when(is_in(READY, "api"), both(_lose_list, People.install), 1.0)
    scaled = then(lambda p: p.scale("db", 3, "StatefulSet"), 1.0)
    yield (
        "lets new pods of a released set go when the list was made anew",
        Story((running, anew, scaled), ready, {"db": 3}),
    )
