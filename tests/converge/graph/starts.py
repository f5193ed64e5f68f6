"""Stories of starts that nobody disturbs, and of the gates of pods and nodes."""

from collections.abc import Iterator

from tests.converge.graph.manifests import graph, node
from tests.converge.graph.scenario import Step, Story, is_in, then, when
from tests.converge.graph.words import (
    A_CHAIN,
    A_PAIR,
    ALL_KINDS,
    API_HOST,
    CHAIN,
    CREATE_KINDS,
    DEGRADED,
    DIAMOND,
    FAN,
    GATED,
    GATING,
    HELD,
    KINDS,
    READY,
    STARTING,
    THREE,
    TRAFFIC,
    all_ready,
    applies,
    both,
    creates,
)


def orders() -> Iterator[tuple[str, Story]]:
    yield "starts a chain at once", Story((A_CHAIN,), all_ready("db", "api", "web"), {"web": 2})
    yield "starts a pair at once", Story((A_PAIR,), all_ready("db", "api"), {"api": 2})
    yield (
        "starts a StatefulSet, a DaemonSet and a Job at once",
        Story((ALL_KINDS,), all_ready("db", "agent", "migrate", "api"), {"db": 2}),
    )
    yield (
        "starts a chain whose graph comes last",
        Story(
            (Step(THREE), then(applies(CHAIN), 1.0)),
            all_ready("db", "api", "web"),
            {"db": 2, "api": 2, "web": 2},
        ),
    )
    yield (
        "starts a diamond whose graph comes first",
        Story(
            (Step(applies(DIAMOND)), then(creates("top", "left", "right", "db"), 1.0)),
            all_ready("db", "left", "right", "top"),
            {"top": 2},
        ),
    )
    yield (
        "starts a chain whose graph comes in the middle",
        Story(
            (Step(creates("web")), then(applies(CHAIN), 1.0), then(creates("api", "db"), 1.0)),
            all_ready("db", "api", "web"),
            {"web": 2},
        ),
    )
    leaves = [node(name, after=["root"]) for name in FAN]
    yield (
        "starts twenty, five at a time",
        Story(
            (
                Step(creates("root", *FAN)),
                then(applies(graph(node("root"), *leaves, maxParallel=5))),
            ),
            all_ready("root", *FAN),
            dict.fromkeys(FAN, 2),
        ),
    )
    yield (
        "starts a StatefulSet, a DaemonSet and a Job",
        Story(
            (Step(CREATE_KINDS), then(applies(KINDS), 0.5)),
            all_ready("db", "agent", "migrate", "api"),
            {"db": 2, "agent": 2, "api": 2},
        ),
    )
    yield (
        "starts a StatefulSet, a DaemonSet and a Job whose graph comes first",
        Story(
            (Step(applies(KINDS)), then(CREATE_KINDS, 0.5)),
            all_ready("db", "agent", "migrate", "api"),
            {"db": 2, "agent": 2, "api": 2},
        ),
    )
    empty = (Step(both(THREE, lambda p: p.scale("db", 0))), then(applies(CHAIN)))
    yield "takes a parent without replicas for ready", Story(empty, all_ready("db", "api", "web"))
    sets = graph(node("db", "StatefulSet"), node("api", after=["db"]))
    scaled = (
        Step(lambda p: p.create("db", "StatefulSet", replicas=0)),
        then(both(creates("api"), applies(sets))),
        when(is_in(READY, "api"), lambda p: p.scale("db", 2, "StatefulSet"), 1.0),
    )
    yield (
        "lets the pods go of a StatefulSet that was released without any",
        Story(scaled, all_ready("db", "api"), {"db": 2}),
    )
    blocked = graph(node("db", whenScaledToZero="Blocked"), node("api", after=["db"]))
    yield (
        "has children wait for a parent without replicas if it says so",
        Story(
            (Step(both(creates("db", "api"), lambda p: p.scale("db", 0))), then(applies(blocked))),
            {"db": STARTING, "api": HELD},
            held=frozenset({"api"}),
        ),
    )
    one_at_a_time = graph(node("db"), node("api"), maxParallel=1)
    running = (
        Step(creates("db")),
        then(both(creates("api"), applies(one_at_a_time)), 125.0),
    )
    yield "counts what runs already among those under way", Story(running, all_ready("db", "api"))
    unheld = graph(node("db"), node("api", after=["db"], hold="None"), node("web", after=["api"]))
    late = (Step(creates("web", "api")), then(applies(unheld)), then(creates("db"), 9.0))
    yield "lets a node go that asks for no hold", Story(late, all_ready("db", "api", "web"))


def traffic() -> Iterator[tuple[str, Story]]:
    install = Step(both(creates("api", "web"), applies(TRAFFIC)))
    ready = all_ready("api", "web")
    yield "opens pods that passed", Story((install,), ready, {"api": 2, "web": 2})
    unwell = Step(both(creates("api", "web"), lambda p: p.fail("api"), applies(TRAFFIC)))
    yield (
        "keeps pods shut that do not pass",
        Story((unwell,), {"api": STARTING, "web": HELD}, {"api": 0}, frozenset({"web"})),
    )
    late = then(lambda p: p.mend("api"), 5.0)
    yield "opens pods that pass late", Story((unwell, late), ready, {"api": 2})
    half = (install, when(is_in(READY, "api"), lambda p: p.fail("api"), 1.0))
    yield (
        "leaves half of the pods in traffic when all probes fail",
        Story(half, {"api": DEGRADED, "web": READY}, {"api": 1}),
    )
    back = (*half, when(is_in(DEGRADED, "api"), lambda p: p.mend("api"), 1.0))
    yield "opens pods again that pass again", Story(back, ready, {"api": 2})
    restarted = (install, when(is_in(READY, "web"), lambda p: p.crash_pod("api"), 1.0))
    yield "shuts a pod whose container is another one", Story(restarted, ready, {"api": 2})
    cut = (
        install,
        when(is_in(READY, "web"), lambda p: p.cut(silent=True), 1.0),
        then(lambda p: p.cut(silent=False), 9.0),
    )
    yield "changes nothing when nobody answers", Story(cut, ready, {"api": 2})
    scaled = (install, when(is_in(READY, "web"), lambda p: p.scale("api", 4), 1.0))
    yield "judges new pods as well", Story(scaled, ready, {"api": 4})
    rolled = (install, when(is_in(READY, "web"), lambda p: p.deploy("api", "api:2"), 1.0))
    yield "judges the pods of a new version", Story(rolled, ready, {"api": 2})
    plain = graph(node("api"), node("web", after=["api"]))
    open_again = (*half, when(is_in(DEGRADED, "api"), applies(plain), 1.0))
    yield "opens pods whose node is judged no more", Story(open_again, ready, {"api": 2})


def node_gates() -> Iterator[tuple[str, Story]]:
    ready = all_ready("api", "web")
    install = Step(both(creates("api", "web"), lambda p: p.fail(API_HOST), applies(GATED)))
    mend = when(is_in(GATING, "api"), lambda p: p.mend(API_HOST), 3.0)
    yield (
        "waits for a gate of the node",
        Story((install,), {"api": GATING, "web": HELD}, {"api": 2}, frozenset({"web"})),
    )
    yield "goes on when the gate of a node passes", Story((install, mend), ready, {"web": 2})
    lost = (install, mend, when(is_in(READY, "web"), lambda p: p.fail(API_HOST), 1.0))
    yield (
        "tells of a gate that is lost and stops nobody",
        Story(lost, {"api": DEGRADED, "web": READY}, {"api": 2, "web": 2}),
    )
    back = when(is_in(DEGRADED, "api"), lambda p: p.mend(API_HOST), 1.0)
    yield "tells of a gate that is back", Story((*lost, back), ready)
    unready = when(is_in(GATING, "api"), lambda p: p.unready("api:1", unready=True), 1.0)
    again = then(lambda p: p.unready("api:1", unready=False), 3.0)
    yield (
        "counts the bar anew that is lost before the gate passes",
        Story((install, unready, again, mend), ready, {"api": 2}),
    )
