"""A Deployment of a Rollout whose versions require records: held first, then rolled out."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import DEPLOYMENTS
from sluice.rollout.phases import Stage
from sluice.startup.states import State
from tests import builders
from tests.converge.cluster import PERSON
from tests.converge.graph.beside import SUBJECT, TARGET, People, Step, Story, labelled
from tests.converge.graph.hands import ends, upgrades
from tests.converge.graph.manifests import GRAPH, graph, init, node
from tests.converge.graph.scenario import is_in
from tests.converge.graph.words import NOBODY_COMES_SECONDS
from tests.converge.repertoire import Repertoire
from tests.converge.rollout.people import TARGET as TARGET_REF
from tests.converge.rollout.stories import at_rest, passed_a_step
from tests.converge.store import Store

_OLD, _NEW = f"{TARGET}:42", f"{TARGET}:43"


def _install(people: People) -> None:
    people.rollout.install_without_target()
    target = labelled(builders.deployment(_OLD))
    meta = Body(target).body("metadata").value
    annotations: JsonObject = {names.REQUIRES: "migrate=42"}
    manifest: JsonObject = {**target, "metadata": {**meta, "annotations": annotations}}
    people.cluster.store.create(DEPLOYMENTS, manifest, PERSON)
    _graph("42")(people)


def _graph(version: str) -> Callable[[People], None]:
    written = graph(init("migrate", version), node(TARGET))
    return lambda people: people.graph.apply(written)


def _deploy(people: People) -> None:
    upgrades(TARGET, "43")(people.graph)


_migrate = _graph("43")


def _deploy_and_migrate(people: People) -> None:
    _deploy(people)
    _migrate(people)


def _is_held(store: Store) -> bool:
    target = store.find(TARGET_REF)
    return target is not None and names.HOLDERS in target.labels("metadata", "annotations")


def _stories() -> Iterator[tuple[str, Story]]:
    install = Step(_install)
    old = at_rest(_OLD, canaries={}, history=[])
    waits: Mapping[str, Json] = {"canaries": {}, "pods": [_OLD] * 3, "weight": 0}
    new = at_rest(_NEW, canaries={}, history=[["Promoted", "Promoted"]])
    yield "starts the first version behind its record", Story((install,), State.READY, old)
    running = is_in(State.READY, TARGET)
    deploy = Step(_deploy, running, 4.0)
    yield (
        "makes no canary before the record",
        Story((install, deploy), State.READY, waits, tried_from=2),
    )
    migrate = Step(_migrate, _is_held, 3.0)
    under_way: Mapping[str, Json] = {"stage": str(Stage.SCALING), "weight": 10, "history": []}
    yield (
        "makes a canary behind the record",
        Story(
            (install, deploy, migrate), State.READY, under_way, until=passed_a_step, tried_from=3
        ),
    )
    yield "promotes behind the record", Story((install, deploy, migrate), State.READY, new)
    at_once = Step(_deploy_and_migrate, running, 4.0)
    yield "promotes what comes with its migration", Story((install, at_once), State.READY, new)
    before = Step(_migrate, running, 4.0)
    after = Step(_deploy, None, 9.0)
    yield (
        "promotes what comes after its migration",
        Story((install, before, after), State.READY, new),
    )
    broken = Step(lambda people: ends("migrate:43", 20)(people.graph))
    yield (
        "makes no canary on what is half done",
        Story((install, broken, at_once), State.READY, waits, tried_from=3),
    )
    bypass = Step(lambda people: people.graph.bypass(TARGET), _is_held, 3.0)
    yield (
        "tries by a canary what passes the graph",
        Story((install, deploy, bypass), State.READY, new),
    )
    gone = Step(lambda people: people.graph.delete(GRAPH), _is_held, 3.0)
    yield (
        "makes no canary without its graph",
        Story(
            (install, deploy, gone), None, waits, quiet_seconds=NOBODY_COMES_SECONDS, tried_from=3
        ),
    )
    fail = Step(lambda people: people.rollout.fail(_NEW, 1.0))
    rejected = at_rest(_OLD, Stage.ROLLED_BACK, rejected="Outage")
    yield (
        "rolls back what fails behind the record",
        Story((install, fail, deploy, migrate), State.READY, rejected),
    )


STORIES: Final[Mapping[str, Story]] = dict(_stories())
REPERTOIRE: Final = Repertoire(SUBJECT, STORIES)
