"""Stories of applications whose versions require records: `sluice.dev/requires`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from sluice.model import names
from sluice.model.json import JsonObject
from sluice.model.references import DEPLOYMENTS
from sluice.startup.init.states import State as Init
from tests.converge.cluster import PERSON
from tests.converge.graph.hands import (
    creates_requiring,
    ends,
    hangs,
    requires,
    requiring,
    upgrades,
)
from tests.converge.graph.inits import API, COMPLETE, DIRTY, FAILED, SAID, at
from tests.converge.graph.manifests import GRAPH, graph, init, node, ref_of
from tests.converge.graph.people import People
from tests.converge.graph.scenario import Deed, Step, Story, is_in, then, when
from tests.converge.graph.subject import SUBJECT
from tests.converge.graph.words import (
    ABSENT,
    HELD,
    NO_NODES,
    NOBODY_COMES_SECONDS,
    READY,
    applies,
    both,
)
from tests.converge.repertoire import Repertoire
from tests.converge.store import Store


def migrates(version: str, *, suspend: bool = False) -> JsonObject:
    """Return a graph without an edge: what orders it is what the application says itself."""
    return graph(init("migrate", version), node("api"), suspend=suspend)


_OLD, _BOTH = {"migrate 42": "Complete"}, {"migrate 42": "Complete", "migrate 43": "Complete"}
_DONE = at(migrate=COMPLETE, api=READY)
_FIRST = Step(both(creates_requiring("api", "42"), applies(migrates("42"))))
_to_43 = applies(migrates("43"))
_app_43 = upgrades("api", "43")
_running = is_in(READY, "api")
# How it starts, and what a crash does to that, is told by the first starts.
_TRIED_FROM = 2


def is_held(store: Store) -> bool:
    """Whether the next version of the application is held."""
    found = store.find(ref_of("api"))
    return found is not None and "startup" in found.labels("metadata", "annotations").get(
        names.HOLDERS, ""
    )


def _upgraded(*steps: Step) -> Story:
    return Story(
        (_FIRST, *steps), _DONE, {"api": 2}, recorded=_BOTH, runs=2, tried_from=_TRIED_FROM
    )


def _waits(*steps: Step, recorded: Mapping[str, str] = _OLD, migrate: Init = COMPLETE) -> Story:
    """Return a story in which the pods of before run, and the next version is held."""
    states = at(migrate=migrate, api=READY)
    return Story(
        (_FIRST, *steps),
        states,
        {"api": 2},
        API,
        recorded=recorded,
        runs=len(recorded),
        tried_from=_TRIED_FROM,
    )


def first_starts() -> Iterator[tuple[str, Story]]:
    done = Story((), _DONE, {"api": 2}, recorded={"migrate 43": "Complete"}, runs=1)
    create, apply = creates_requiring("api", "43"), applies(migrates("43"))
    yield "starts at once with its graph", replace(done, steps=(Step(both(create, apply)),))
    yield "starts when its graph comes later", replace(done, steps=(Step(create), then(apply, 9.0)))
    after = when(is_in(COMPLETE, "migrate"), create, 1.0)
    yield "starts when its graph was there before", replace(done, steps=(Step(apply), after))
    early = (Step(apply), then(create, 0.5))
    yield "starts when it comes while its migration runs", replace(done, steps=early)
    older = Step(both(create, applies(migrates("42"))))
    newer = when(is_in(COMPLETE, "migrate"), apply, 3.0)
    yield (
        "starts when its graph is edited after it",
        replace(done, steps=(older, newer), recorded=_BOTH, runs=2),
    )
    yield (
        "waits for a graph that asks for its version",
        Story((older,), at(migrate=COMPLETE, api=HELD), held=API, recorded=_OLD, runs=1),
    )
    yield (
        "waits longer than any orphan for the graph that it requires",
        Story((Step(create),), NO_NODES, held=API, quiet_seconds=NOBODY_COMES_SECONDS),
    )
    yield (
        "starts when its graph comes after all patience",
        replace(done, steps=(Step(create), then(apply, 130.0))),
    )


def upgrades_of_both() -> Iterator[tuple[str, Story]]:
    yield "follows its graph", _upgraded(when(_running, _to_43, 1.0), then(_app_43, 9.0))
    yield "comes before its graph", _upgraded(when(_running, _app_43, 1.0), then(_to_43, 9.0))
    yield "comes with its graph", _upgraded(when(_running, both(_app_43, _to_43), 1.0))
    yield (
        "comes with its graph, written first",
        _upgraded(when(_running, both(_to_43, _app_43), 1.0)),
    )
    during = (when(_running, both(hangs("migrate:43"), _to_43), 1.0), then(_app_43, 4.0))
    yield (
        "comes while its migration runs",
        _upgraded(*during, then(ends("migrate:43", 0), 4.0)),
    )
    alone = (when(_running, requires("api", "43"), 1.0), then(_to_43, 5.0))
    yield "asks for another record and is the same otherwise", _upgraded(*alone)
    twice = (
        when(_running, _app_43, 1.0),
        then(upgrades("api", "44"), 3.0),
        then(_to_43, 3.0),
        then(applies(migrates("44")), 9.0),
    )
    yield (
        "passes over a version that was held",
        Story(
            (_FIRST, *twice),
            _DONE,
            {"api": 2},
            recorded={**_BOTH, "migrate 44": "Complete"},
            runs=3,
            tried_from=_TRIED_FROM,
        ),
    )
    back = (when(_running, _app_43, 1.0), then(upgrades("api", "42"), 5.0))
    yield (
        "goes on with the version of before when it is written back",
        Story((_FIRST, *back), _DONE, {"api": 2}, recorded=_OLD, runs=1, tried_from=_TRIED_FROM),
    )
    scaled = when(is_held, lambda p: p.scale("api", 3), 1.0)
    wider = _waits(when(_running, _app_43, 1.0), scaled)
    yield "scales the version of before while the next is held", replace(wider, ready={"api": 3})
    whole = when(is_held, _writes_over("43"), 1.0)
    yield "is held through a replace", _waits(when(_running, _app_43, 1.0), whole)


def _writes_over(version: str) -> Deed:
    def do(people: People) -> None:
        store, ref = people.cluster.store, ref_of("api")
        manifest, old = requiring("api", version), store.get(ref)
        server = old["metadata"]
        assert isinstance(server, Mapping)
        kept = {k: server[k] for k in ("uid", "generation", "creationTimestamp", "resourceVersion")}
        meta = manifest["metadata"]
        assert isinstance(meta, Mapping)
        store.update(ref, {**manifest, "metadata": {**meta, **kept}}, PERSON)

    return do


def refusals() -> Iterator[tuple[str, Story]]:
    app = when(_running, _app_43, 1.0)
    yield "waits for a version that nobody asks for", _waits(app)
    dirty = when(_running, both(ends("migrate:43", 20, said=SAID), _to_43, _app_43), 1.0)
    unclean = {**_OLD, "migrate 43": "Dirty"}
    yield "waits behind what is half done", _waits(dirty, recorded=unclean, migrate=DIRTY)
    fails = when(_running, both(ends("migrate:43", 1, said=SAID), _to_43, _app_43), 1.0)
    failed = {**_OLD, "migrate 43": "Failed"}
    yield "waits behind what failed", _waits(fails, recorded=failed, migrate=FAILED)
    bypass = when(is_held, lambda p: p.bypass("api"), 1.0)
    yield (
        "goes at once when it is bypassed",
        Story(
            (_FIRST, app, bypass), _DONE, {"api": 2}, recorded=_OLD, runs=1, tried_from=_TRIED_FROM
        ),
    )
    create = Step(both(creates_requiring("api", "43"), applies(migrates("42"))))
    unstarted = when(is_in(HELD, "api"), lambda p: p.bypass("api"), 3.0)
    yield (
        "starts at once when it is bypassed",
        Story((create, unstarted), _DONE, {"api": 2}, recorded=_OLD, runs=1),
    )
    gone = when(is_held, lambda p: p.delete(GRAPH), 1.0)
    orphaned = Story(
        (_FIRST, app, gone),
        NO_NODES,
        {"api": 2},
        API,
        recorded=_OLD,
        runs=1,
        tried_from=_TRIED_FROM,
        quiet_seconds=NOBODY_COMES_SECONDS,
    )
    yield "is held when its graph is deleted", orphaned
    unborn = when(is_in(HELD, "api"), lambda p: p.delete(GRAPH), 3.0)
    yield (
        "is held before its first start when its graph is deleted",
        replace(orphaned, steps=(create, unborn), ready={"api": 0}),
    )
    let_go = then(lambda p: p.bypass("api"), 5.0)
    yield (
        "goes without its graph when it is bypassed",
        replace(orphaned, steps=(_FIRST, app, gone, let_go), held=frozenset()),
    )
    again = then(_to_43, 9.0)
    yield "goes when its graph is made anew", _upgraded(app, gone, again)
    removed = when(is_held, applies(graph(init("migrate", "43"), node("web"))), 1.0)
    yield (
        "waits no longer when its node is removed and its record is complete",
        Story(
            (_FIRST, app, removed),
            at(migrate=COMPLETE, web=ABSENT),
            {"api": 2},
            recorded=_BOTH,
            runs=2,
            tried_from=_TRIED_FROM,
        ),
    )
    stop = when(_running, lambda p: p.suspend(suspend=True), 1.0)
    known = when(_running, _to_43, 1.0)
    asleep = (known, when(is_in(COMPLETE, "migrate"), lambda p: p.suspend(suspend=True), 5.0))
    late = then(_app_43, 1.0)
    yield "is held while suspended", _waits(*asleep, late, recorded=_BOTH)
    resume = then(lambda p: p.suspend(suspend=False), 3.0)
    yield "goes when it is resumed", _upgraded(*asleep, late, resume)
    both_asleep = when(_running, both(applies(migrates("43", suspend=True)), _app_43), 1.0)
    yield (
        "runs no migration while suspended, and waits",
        _waits(stop, both_asleep, migrate=Init.HELD),
    )
    paused = when(_running, both(_pauses, _app_43), 1.0)
    yield (
        "stays paused by its author when its record is there",
        _upgraded(paused, then(_to_43, 3.0)),
    )


def _pauses(people: People) -> None:
    ref = ref_of("api")
    body = people.cluster.store.get(ref)
    spec = body["spec"]
    assert isinstance(spec, Mapping)
    people.cluster.store.update(ref, {**body, "spec": {**spec, "paused": True}}, PERSON)


STORIES: Final[Mapping[str, Story]] = {
    name: story
    for chapter in (first_starts, upgrades_of_both, refusals)
    for name, story in chapter()
}
# What is held again is written again: once for each time.
_SUBJECT = replace(SUBJECT, written_once=SUBJECT.written_once - {DEPLOYMENTS})
REPERTOIRE: Final = Repertoire(_SUBJECT, STORIES)
