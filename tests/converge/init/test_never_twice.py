"""Whatever happens in whatever order: nothing runs twice, and nothing is lost that was seen.

The operator is stopped between its writes and acts on old pictures; people edit, delete, resolve
and tear out; Jobs end as they like. At the end everybody behaves, and every node comes to an end.
"""

import json

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sluice.model.cluster import Lease
from sluice.model.json import Body, Json
from sluice.model.references import CONFIGMAPS, LEASES
from sluice.startup.init.job import is_kept, run_of
from sluice.startup.init.lock import holder_of
from sluice.startup.init.resolving import subject
from sluice.startup.init.run import Direction, Run
from sluice.startup.init.situation import Unmet
from sluice.startup.init.states import State
from tests.converge.init.world import Picture, World
from tests.unit.startup.init.given import DOWN, IMAGE, MENDED

GRAPHS = st.sampled_from(["shop", "other"])
VERSIONS = st.sampled_from(["42", "43", "44", None])
SPECS: st.SearchStrategy[dict[str, Json]] = st.fixed_dictionaries(
    {
        "version": VERSIONS,
        "job": st.sampled_from([IMAGE, MENDED]),
        "lock": st.sampled_from(["db", "db", None]),
        "down": st.sampled_from([DOWN, None]),
    }
)
VERBS = st.sampled_from(["Applied", "Rerun", "Accept"])
EXAMPLES = 15
NO_RUN = Run("", "", "", Direction.UP, 0)
CODES = st.sampled_from([0, 0, 1, 20])


class Anything(RuleBasedStateMachine):
    """Two graphs whose nodes may share a lock."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.pictures: list[Picture] = []
        self.said = 0

    def there(self, graph: str) -> bool:
        return self.world.store.find(self.world.graph_ref(graph)) is not None

    @initialize(one=SPECS, other=SPECS)
    def begin(self, one: dict[str, Json], other: dict[str, Json]) -> None:
        self.world.apply("shop", **one)
        self.world.apply("other", **other)

    @rule(graph=GRAPHS, spec=SPECS)
    def apply(self, graph: str, spec: dict[str, Json]) -> None:
        self.world.apply(graph, **spec)

    @rule(graph=GRAPHS, writes=st.integers(0, 3))
    def interrupted(self, graph: str, writes: int) -> None:
        if self.there(graph):
            self.world.now += 1.0
            self.world.turn(graph, writes=writes)

    @rule(graph=GRAPHS, turns=st.integers(1, 8))
    def some_turns(self, graph: str, turns: int) -> None:
        self.turns(graph, turns)

    def turns(self, graph: str, turns: int) -> None:
        for _ in range(turns):
            if self.there(graph):
                self.world.now += 1.0
                self.world.turn(graph)

    @rule(graph=GRAPHS, code=CODES)
    def a_whole_run(self, graph: str, code: int) -> None:
        for _ in range(3):
            self.turns(graph, 6)
            self.world.start_pods()
            self.world.end_pods(code)
        self.turns(graph, 6)

    @rule(graph=GRAPHS)
    def look(self, graph: str) -> None:
        if self.there(graph):
            self.pictures.append(self.world.look(graph))

    @precondition(lambda self: self.pictures)
    @rule(data=st.data())
    def act_on_an_old_picture(self, data: st.DataObject) -> None:
        picture = data.draw(st.sampled_from(self.pictures))
        self.world.turn(picture.graph, picture)

    @rule(graph=GRAPHS, on=st.booleans())
    def suspend(self, graph: str, *, on: bool) -> None:
        if self.there(graph):
            self.world.suspend(graph, on=on)

    @rule(graph=GRAPHS, kind=st.sampled_from([None, Unmet("waits"), Unmet("failed", failed=True)]))
    def parents(self, graph: str, kind: Unmet | None) -> None:
        self.world.unmet.pop(graph, None)
        if kind is not None:
            self.world.unmet[graph] = kind

    @rule(graph=GRAPHS, verb=VERBS)
    def resolve(self, graph: str, verb: str) -> None:
        if self.there(graph) and (of := subject(self.world.look(graph).situation)):
            self.said += 1
            self.world.say(graph, f"{verb} {of} ada#{self.said}")

    @rule(graph=GRAPHS, to=st.sampled_from(["-", "42", "43"]))
    def undo(self, graph: str, to: str) -> None:
        if self.there(graph):
            self.said += 1
            self.world.say(graph, f"Down {to} ada#{self.said}")

    @rule()
    def start_pods(self) -> None:
        self.world.start_pods()

    @rule(code=CODES)
    def end_pods(self, code: int) -> None:
        self.world.end_pods(code)

    @rule()
    def expire(self) -> None:
        self.world.expire()

    @rule(graph=GRAPHS)
    def delete(self, graph: str) -> None:
        if self.there(graph):
            self.world.delete(graph)

    @rule(graph=GRAPHS)
    def guard(self, graph: str) -> None:
        self.world.guard(graph)

    @rule(data=st.data(), torn=st.booleans())
    def delete_job(self, data: st.DataObject, *, torn: bool) -> None:
        """By force only what has been seen: what nobody saw, nobody can miss."""
        jobs = self.world.jobs()
        if not jobs:
            return
        job = data.draw(st.sampled_from(jobs))
        graph = job.meta.labels["sluice.dev/graph"]
        seen = self.there(graph) and self.world.status(graph).uid == job.meta.uid
        if torn and seen:
            self.world.tear_out(job.meta.ref.name)
        elif self.there(graph):
            self.world.delete_job(job.meta.ref.name)

    @rule(graph=GRAPHS)
    def forget(self, graph: str) -> None:
        """By force as well, unless nothing else knows of a Job that was torn out."""
        if not self.there(graph):
            return
        status, lease = self.world.status(graph), self.world.look(graph).situation.lease
        there = {job.meta.ref.name for job in self.world.jobs()}
        there |= {holder_of(lease).job} if lease and holder_of(lease).uid else set()
        if status.state in {State.RUNNING, State.RECORDING} and status.job not in there:
            return
        self.world.forget(graph)

    @invariant()
    def what_ended_is_kept_until_it_is_recorded(self) -> None:
        for job in self.world.jobs():
            run = run_of(job)
            if run is not None and not is_kept(job) and not job.meta.deleting:
                assert self.is_told(run), f"{run} may go, and no record tells of it"

    def is_told(self, run: Run) -> bool:
        for _, body in self.world.store.every(CONFIGMAPS):
            for key, text in body.labels("data").items():
                if not key.startswith("version."):
                    continue
                told = Run.from_body(Body(json.loads(text)))
                same = (told.lock, told.version) == (run.lock, run.version)
                if same and told.number >= run.number:
                    return True
        return False

    def teardown(self) -> None:
        """Let everybody behave: all that is asked for comes to an end."""
        world = self.world
        world.unmet.clear()
        for graph in ("shop", "other"):
            if self.there(graph):
                # What two graphs want of one version has to be the same to come to an end.
                world.apply(graph, version="44", job=IMAGE, lock="db", down=DOWN)
                world.suspend(graph, on=False)
                world.say(graph, "")
        for _ in range(30):
            before = world.store.version
            here = [graph for graph in ("shop", "other") if self.there(graph)]
            for graph in here:
                self.behave(graph)
            self.mend_locks()
            for job in world.jobs():
                if job.meta.labels["sluice.dev/graph"] not in here:
                    # Of a graph that nobody made again: a person gives its Job up.
                    world.delete_job(job.meta.ref.name)
            world.start_pods()
            world.end_pods(0)
            for graph in ("shop", "other"):
                world.guard(graph)
            if world.store.version == before:
                break
        here = [graph for graph in ("shop", "other") if self.there(graph)]
        assert [world.status(graph).state for graph in here] == [State.COMPLETE for _ in here]

    def mend_locks(self) -> None:
        """What a person does about a lock whose Job is gone with the graph that had made it."""
        jobs = {job.meta.ref.name for job in self.world.jobs()}
        for ref, body in tuple(self.world.store.every(LEASES)):
            holder = holder_of(Lease.from_body(body))
            graph = holder.node.partition("/")[0]
            his = self.world.status(graph).job if graph and self.there(graph) else ""
            if holder.job not in {*jobs, his}:
                self.world.store.delete(ref, "user")
                # By that he says that whatever it did is mended, and may be done again.
                self.world.made[self.world.runs.get(holder.job, NO_RUN)] = 0

    def behave(self, graph: str) -> None:
        for _ in range(12):
            self.world.now += 1.0
            if not self.there(graph) or not self.world.turn(graph):
                break
        if self.there(graph) and (of := subject(self.world.look(graph).situation)):
            self.said += 1
            self.world.say(graph, f"Rerun {of} ada#{self.said}")


# A failing story is told as it was found: to make it shorter takes longer than to read it.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

Anything.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=60, deadline=None, phases=PHASES
)
TestAnything = Anything.TestCase
