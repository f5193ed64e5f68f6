"""Stories of edits and deletions of a graph, and of workloads that are made anew."""

from collections.abc import Iterator, Mapping

from sluice.model.json import JsonObject
from tests.converge.graph.manifests import GRAPH, HTTP_GATE, graph, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Deed, Step, Story, is_in, then, when
from tests.converge.graph.words import (
    A_CHAIN,
    A_FAILURE,
    A_PAIR,
    ABSENT,
    ALL_KINDS,
    API_HOST,
    BLOCKED,
    CHAIN,
    CREATE_KINDS,
    DEGRADED,
    FAILED,
    GATED,
    GATING,
    HELD,
    KINDS,
    NO_NODES,
    NOBODY_COMES_SECONDS,
    PAIR,
    READY,
    RELEASING,
    STARTING,
    THREE,
    TIMED_OUT,
    TRAFFIC,
    all_ready,
    applies,
    both,
    creates,
)
from tests.converge.kubelet import Start


def edits() -> Iterator[tuple[str, Story]]:
    held = Step(both(creates("web", "api"), applies(CHAIN)))
    without = graph(node("db"), node("api", after=["db"]))
    yield (
        "lets go a held node that is removed",
        Story(
            (held, when(is_in(HELD, "web"), applies(without), 1.0)),
            {"db": ABSENT, "api": HELD},
            {"web": 2},
            frozenset({"api"}),
        ),
    )
    install = A_CHAIN
    yield (
        "forgets a ready node that is removed",
        Story(
            (install, when(is_in(READY, "web"), applies(without), 1.0)),
            all_ready("db", "api"),
            {"web": 2},
        ),
    )
    kinds = Step(both(CREATE_KINDS, applies(graph(*_nodes(KINDS), suspend=True))))
    only_api = graph(node("api"), suspend=True)
    yield (
        "lets go held sets and Jobs that are removed",
        Story(
            (kinds, when(is_in(HELD, "db", "agent", "migrate"), applies(only_api), 1.0)),
            {"api": HELD},
            {"db": 2, "agent": 2},
            frozenset({"api"}),
        ),
    )
    renamed = graph(
        node("db"), node("api", after=["db"]), node("front", workload="web", after=["api"])
    )
    yield (
        "follows a node that is renamed",
        Story(
            (install, when(is_in(READY, "web"), applies(renamed), 1.0)),
            {"db": READY, "api": READY, "front": READY},
        ),
    )
    judged = graph(node("api", podReadiness=True, gates=[HTTP_GATE]))
    unjudged = graph(node("web"))
    shut = Step(both(creates("api"), lambda p: p.fail("api"), applies(judged)))
    yield (
        "opens the pods of a node that is removed",
        Story(
            (shut, when(is_in(STARTING, "api"), applies(unjudged), 3.0)),
            {"web": ABSENT},
            {"api": 2},
        ),
    )
    added = graph(
        node("new"),
        node("db", after=["new"]),
        node("api", after=["db"]),
        node("web", after=["api"]),
    )
    yield (
        "holds nobody again for a new edge",
        Story(
            (install, when(is_in(READY, "web"), applies(added), 1.0)),
            {**all_ready("db", "api", "web"), "new": ABSENT},
            {"web": 2},
        ),
    )
    yield from _invalid()
    yield from _deletions()


def _nodes(manifest: JsonObject) -> list[JsonObject]:
    spec = manifest["spec"]
    assert isinstance(spec, Mapping)
    nodes = spec["nodes"]
    assert isinstance(nodes, list)
    return nodes


def _invalid() -> Iterator[tuple[str, Story]]:
    cycle = graph(node("db", after=["web"]), node("api", after=["db"]), node("web", after=["api"]))
    first = Step(both(THREE, applies(cycle)))
    ready = all_ready("db", "api", "web")
    yield (
        "starts nothing of a first graph that is a cycle",
        Story((first,), dict.fromkeys(ready, HELD), held=frozenset(ready)),
    )
    yield "starts when the cycle is mended", Story((first, then(applies(CHAIN), 3.0)), ready)
    install = Step(both(creates("db", "api"), applies(CHAIN)))
    yield (
        "starts nothing more after an edit that makes a cycle",
        Story(
            (
                install,
                when(is_in(READY, "api"), applies(cycle), 1.0),
                then(creates("web"), 1.0),
            ),
            {"db": READY, "api": READY, "web": HELD},
            {"api": 2},
            frozenset({"web"}),
        ),
    )
    away = graph(node("db", after=["api"]), node("api", after=["db"]))
    yield (
        "lets nothing go that an edit removes which cannot be carried out",
        Story(
            (
                install,
                when(is_in(READY, "api"), applies(away), 1.0),
                then(creates("web"), 1.0),
            ),
            {"db": READY, "api": READY, "web": HELD},
            {"api": 2},
            frozenset({"web"}),
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
    unknown = graph(node("db"), node("api", after=["bd"]))
    yield (
        "starts nothing when a parent is unknown",
        Story(
            (Step(both(creates("db", "api"), applies(unknown))),),
            {"db": HELD, "api": HELD},
            held=frozenset({"db", "api"}),
        ),
    )


def _deletions() -> Iterator[tuple[str, Story]]:
    def delete(people: People) -> None:
        people.delete(GRAPH)

    kinds = Step(both(CREATE_KINDS, applies(graph(*_nodes(KINDS), suspend=True))))
    let_go = {"db": 2, "agent": 2, "api": 2}
    yield (
        "lets everything go when it is deleted",
        Story(
            (kinds, when(is_in(HELD, "db", "agent", "api"), delete, 1.0)),
            NO_NODES,
            let_go,
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
    shut = Step(both(creates("api", "web"), lambda p: p.fail("api"), applies(TRAFFIC)))
    yield (
        "opens every pod when it is deleted",
        Story(
            (shut, when(is_in(STARTING, "api"), delete, 3.0)),
            NO_NODES,
            {"api": 2, "web": 2},
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
    install = A_CHAIN
    for state in (RELEASING, STARTING, READY):
        gone = when(is_in(state, "api"), delete)
        ending = Story((install, gone), NO_NODES, {"web": 2}, quiet_seconds=NOBODY_COMES_SECONDS)
        yield f"is deleted in {state}", ending
    again = (install, when(is_in(STARTING, "api"), delete), then(applies(CHAIN), 3.0))
    yield "is made anew after its deletion", Story(again, all_ready("db", "api", "web"))
    yield (
        "lets go what no graph ever names",
        Story(
            (Step(both(CREATE_KINDS, creates("web"))), then(lambda _: None, 125.0)),
            NO_NODES,
            {**let_go, "web": 2},
            quiet_seconds=NOBODY_COMES_SECONDS,
        ),
    )
    stranger = (Step(both(THREE, creates("other"), applies(CHAIN))), then(lambda _: None, 125.0))
    yield (
        "lets go what its graph does not name",
        Story(stranger, all_ready("db", "api", "web"), {"other": 2}),
    )
    late = (Step(THREE), then(applies(CHAIN), 100.0), then(lambda _: None, 30.0))
    yield "holds what its graph names at last", Story(late, all_ready("db", "api", "web"))


def recreations() -> Iterator[tuple[str, Story]]:
    def anew(name: str, kind: str = "Deployment") -> Deed:
        return lambda people: people.recreate(name, kind)

    ready = all_ready("db", "api")
    install = A_PAIR
    for state in (RELEASING, STARTING, READY):
        again = when(is_in(state, "db"), anew("db"))
        yield f"holds anew what is made anew in {state}", Story((install, again), ready, {"db": 2})
    waiting = (
        Step(both(creates("api"), applies(PAIR))),
        when(is_in(HELD, "api"), anew("api"), 1.0),
    )
    yield (
        "holds anew what is made anew in Held",
        Story(waiting, {"db": ABSENT, "api": HELD}, held=frozenset({"api"})),
    )
    fails = A_FAILURE
    blocked = {"migrate": FAILED, "api": BLOCKED}
    held = frozenset({"api"})
    yield (
        "holds anew what is made anew in Blocked",
        Story((fails, when(is_in(BLOCKED, "api"), anew("api"), 1.0)), blocked, held=held),
    )
    yield (
        "runs a failed Job again that is made anew, and it fails again",
        Story(
            (fails, when(is_in(FAILED, "migrate"), anew("migrate", "Job"), 1.0)), blocked, held=held
        ),
    )
    gating = Step(both(creates("api", "web"), lambda p: p.fail(API_HOST), applies(GATED)))
    mended = both(anew("api"), lambda p: p.mend(API_HOST))
    yield (
        "holds anew what is made anew in Gating",
        Story((gating, when(is_in(GATING, "api"), mended, 1.0)), all_ready("api", "web")),
    )
    degraded = (
        Step(both(creates("api", "web"), applies(GATED))),
        when(is_in(READY, "web"), lambda p: p.fail(API_HOST), 1.0),
        when(is_in(DEGRADED, "api"), mended, 1.0),
    )
    yield "holds anew what is made anew in Degraded", Story(degraded, all_ready("api", "web"))
    late = graph(node("db", timeout="4s"), node("api", after=["db"]))
    slow = Step(
        both(creates("db", "api"), lambda p: p.behave("db:1", Start.NEVER_READY), applies(late))
    )
    repaired = both(lambda p: p.behave("db:1", Start.READY), anew("db"))
    yield (
        "holds anew what is made anew in TimedOut",
        Story((slow, when(is_in(TIMED_OUT, "db"), repaired, 1.0)), ready, {"db": 2}),
    )
    sets = ALL_KINDS
    for name, kind in (("db", "StatefulSet"), ("agent", "DaemonSet")):
        for state in (STARTING, READY):
            again = when(is_in(state, name), anew(name, kind))
            yield (
                f"holds anew a {kind} that is made anew in {state}",
                Story((sets, again), all_ready("db", "agent", "migrate", "api"), {name: 2}),
            )
    gone = (install, when(is_in(READY, "api"), lambda p: p.delete(ref_of("db")), 1.0))
    yield "tells of a workload that is gone", Story(gone, {"db": ABSENT, "api": READY})
    back = (*gone, when(is_in(ABSENT, "db"), creates("db"), 1.0))
    yield "holds a workload that comes back", Story(back, ready, {"db": 2})
