"""Stories of failures, and of people who suspend, bypass and mend."""

from collections.abc import Iterator

from sluice.model.json import JsonObject
from tests.converge.graph.manifests import graph, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Step, Story, is_in, then, when
from tests.converge.graph.words import (
    A_CHAIN,
    A_FAILURE,
    ABSENT,
    BLOCKED,
    CHAIN,
    CREATE_JOBBED,
    CREATE_KINDS,
    FAILED,
    HELD,
    JOBBED,
    KINDS,
    PAIR,
    READY,
    RELEASING,
    STARTING,
    THREE,
    TIMED_OUT,
    all_ready,
    applies,
    both,
    creates,
)
from tests.converge.kubelet import Start


def failures() -> Iterator[tuple[str, Story]]:
    fails = A_FAILURE
    blocked = {"migrate": FAILED, "api": BLOCKED}
    held = frozenset({"api"})
    yield "blocks the child of a failed Job", Story((fails,), blocked, held=held)
    mended = when(
        is_in(BLOCKED, "api"),
        both(
            lambda p: p.behave("migrate:1", Start.READY),
            lambda p: p.recreate("migrate", "Job"),
        ),
        1.0,
    )
    ready = all_ready("migrate", "api")
    yield "goes on when the failed Job is made anew", Story((fails, mended), ready, {"api": 2})
    freed = graph(node("migrate", "Job"), node("api"))
    edited = when(is_in(BLOCKED, "api"), applies(freed), 1.0)
    yield "goes on without the edge", Story((fails, edited), {"migrate": FAILED, "api": READY})
    optional = graph(
        node("migrate", "Job"), node("api", after=[{"node": "migrate", "optional": True}])
    )
    unwell = Step(
        both(CREATE_JOBBED, lambda p: p.behave("migrate:1", Start.CRASH), applies(optional))
    )
    yield "passes over an optional parent", Story((unwell,), {"migrate": FAILED, "api": READY})
    gone = when(is_in(READY, "api"), lambda p: p.delete(ref_of("migrate", "Job")), 1.0)
    done = Step(both(CREATE_JOBBED, applies(JOBBED)))
    yield "remembers a Job that its TTL deleted", Story((done, gone), ready)
    alone = (
        Step(both(creates(("migrate", "Job")), applies(JOBBED))),
        when(is_in(READY, "migrate"), lambda p: p.delete(ref_of("migrate", "Job")), 1.0),
        then(creates("api"), 2.0),
    )
    yield "starts the child of a Job that its TTL deleted", Story(alone, ready, {"api": 2})
    early = when(is_in(READY, "migrate"), lambda p: p.delete(ref_of("migrate", "Job")), 0.0)
    yield "remembers a Job that is deleted at once", Story((done, early), ready)
    for choice, after in (
        ("Hold", {"db": TIMED_OUT, "api": HELD}),
        ("Fail", {"db": FAILED, "api": BLOCKED}),
        ("Open", {"db": TIMED_OUT, "api": READY}),
    ):
        late = graph(node("db", timeout="4s", onTimeout=choice), node("api", after=["db"]))
        slow = Step(
            both(
                creates("db", "api"),
                lambda p: p.behave("db:1", Start.NEVER_READY),
                applies(late),
            )
        )
        still = frozenset() if choice == "Open" else held
        yield f"times out with {choice}", Story((slow,), after, {"db": 0}, still)
        expected = after["db"]
        repaired = when(is_in(expected, "db"), _deploy_good_db, 2.0)
        name = f"is ready after all after a time-out with {choice}"
        yield name, Story((slow, repaired), all_ready("db", "api"), {"db": 2})


def _deploy_good_db(people: People) -> None:
    people.deploy("db", "db:2")


def people() -> Iterator[tuple[str, Story]]:
    install = A_CHAIN
    ready = all_ready("db", "api", "web")
    suspended = graph(
        node("db"), node("api", after=["db"]), node("web", after=["api"]), suspend=True
    )
    asleep = Step(both(THREE, applies(suspended)))
    yield (
        "starts nothing while suspended",
        Story((asleep,), dict.fromkeys(ready, HELD), held=frozenset(ready)),
    )
    resume = then(lambda p: p.suspend(suspend=False), 3.0)
    yield "goes on when it is resumed", Story((asleep, resume), ready, {"web": 2})
    for state in (RELEASING, STARTING):
        stop = when(is_in(state, "db"), lambda p: p.suspend(suspend=True))
        yield f"is suspended in {state} and resumed", Story((install, stop, resume), ready)
    stop = when(is_in(RELEASING, "db"), lambda p: p.suspend(suspend=True))
    yield (
        "is suspended while a set is in Releasing, and resumed",
        Story(
            (Step(CREATE_KINDS), then(applies(KINDS), 0.5), stop, resume),
            all_ready("db", "agent", "migrate", "api"),
            {"db": 2, "agent": 2, "api": 2},
        ),
    )
    yield (
        "lets go what is bypassed",
        Story(
            (
                Step(both(creates("web", "api"), applies(CHAIN))),
                when(is_in(HELD, "web"), lambda p: p.bypass("web"), 1.0),
            ),
            {"db": ABSENT, "api": HELD, "web": READY},
            {"web": 2},
            frozenset({"api"}),
        ),
    )
    by_hand = both(lambda p: p.bypass("web"), lambda p: p.unpause("web"))
    yield (
        "lets go what a person resumes by hand",
        Story(
            (
                Step(both(creates("web", "api"), applies(CHAIN))),
                when(is_in(HELD, "web"), by_hand, 1.0),
            ),
            {"db": ABSENT, "api": HELD, "web": READY},
            {"web": 2},
            frozenset({"api"}),
        ),
    )
    replaced = when(is_in(HELD, "web"), lambda p: p.reapply("web"), 0.5)
    yield (
        "holds on through a replace",
        Story(
            (Step(both(creates("web", "api"), applies(CHAIN))), replaced),
            {"db": ABSENT, "api": HELD, "web": HELD},
            held=frozenset({"api", "web"}),
        ),
    )
    paused = both(lambda p: p.create("db", paused=True), creates("api"), applies(PAIR))
    yield (
        "leaves a pause to its author",
        Story((Step(paused),), {"db": STARTING, "api": HELD}, {"db": 0}, frozenset({"api"})),
    )
    scaled = when(is_in(READY, "web"), lambda p: p.scale("db", 0), 1.0)
    yield "holds nobody again when a parent goes", Story((install, scaled), ready, {"web": 2})
    fixed = (
        Step(both(creates(("db", "StatefulSet")), lambda p: p.behave("db:1", Start.NEVER_READY))),
        then(lambda p: p.deploy("db", "db:2", "StatefulSet"), 1.0),
        then(both(creates("api"), applies(_set_after_job(suspend=True)))),
        when(is_in(HELD, "db"), lambda p: p.suspend(suspend=False), 2.0),
    )
    yield (
        "starts the fixed version of a held StatefulSet",
        Story(fixed, all_ready("db", "api"), {"db": 2}),
    )


def _set_after_job(*, suspend: bool) -> JsonObject:
    return graph(node("db", "StatefulSet"), node("api", after=["db"]), suspend=suspend)
