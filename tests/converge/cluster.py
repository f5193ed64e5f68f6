"""The cluster: its store, and the controllers that keep it going."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.model.json import JsonObject
from sluice.model.references import CONFIGMAPS, ObjectRef
from tests.converge.admission import hold
from tests.converge.clockwork import EPOCH
from tests.converge.deployments import (
    collect_garbage,
    control_deployments,
    control_sets,
)
from tests.converge.jobs import control_jobs, due_jobs
from tests.converge.kubelet import Kubelet
from tests.converge.ledger import Ledger
from tests.converge.namespaces import check_creation, control_namespaces
from tests.converge.network import Gateway, control_endpoints
from tests.converge.prometheus import SCRAPE_SECONDS
from tests.converge.runs import control_runs, due_runs
from tests.converge.sets import control_daemon_sets, control_stateful_sets
from tests.converge.startup_admission import admitted
from tests.converge.store import Change, Store
from tests.converge.targets import Targets

PERSON = "person"
# From a write to what a controller makes of it.
_CONTROLLER_SECONDS = 0.01
RELEASED = ObjectRef(CONFIGMAPS, "sluice-system", "sluice-released")


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything there is at one instant, apart from the operator's memory."""

    seconds: float
    store: Store
    kubelet: Kubelet
    gateway: Gateway
    targets: Targets
    ledger: Ledger


@dataclass
class Cluster:
    """The cluster on a virtual loop. `seen` is told of every change, after it has happened."""

    loop: asyncio.AbstractEventLoop
    store: Store
    kubelet: Kubelet = field(default_factory=Kubelet)
    gateway: Gateway = field(default_factory=Gateway)
    targets: Targets = field(default_factory=Targets)
    ledger: Ledger = field(default_factory=Ledger)
    seen: list[Callable[[Change], None]] = field(default_factory=list)
    _stepping: asyncio.TimerHandle | None = None

    @classmethod
    def empty(cls, loop: asyncio.AbstractEventLoop) -> "Cluster":
        """Return a cluster without objects."""
        return cls(loop, Store(now=lambda: EPOCH + loop.time())).begun()

    @classmethod
    def at(cls, loop: asyncio.AbstractEventLoop, moment: Moment) -> "Cluster":
        """Return the cluster of a moment, going on from there."""
        store = moment.store.fork(lambda: EPOCH + loop.time())
        parts = (moment.kubelet.fork(), moment.gateway.fork(), moment.targets.fork())
        return cls(loop, store, *parts, moment.ledger.fork()).begun()

    def moment(self) -> Moment:
        """Return a copy of everything."""
        seconds = self.loop.time()
        store = self.store.fork(lambda: EPOCH + seconds)
        parts = (self.kubelet.fork(), self.gateway.fork(), self.targets.fork())
        return Moment(seconds, store, *parts, self.ledger.fork())

    def begun(self) -> "Cluster":
        self.store.admit, self.store.changed = self._admit, self._changed
        if not self.gateway.served_until:
            self.gateway.served_until = self.store.now()
        self.loop.call_at(_next_second(self.loop.time()), self._tick)
        self._step_in(_CONTROLLER_SECONDS)
        return self

    def _admit(self, old: JsonObject | None, new: JsonObject, user: str) -> JsonObject:
        if old is None:
            check_creation(self.store, new, user)
        listed = self.store.find(RELEASED)
        released = None if listed is None else listed.body("data").value
        return admitted(old, hold(old, new, user), user, released)

    def _changed(self, change: Change) -> None:
        self._step_in(_CONTROLLER_SECONDS)
        self.ledger.note(change)
        for listener in self.seen:
            listener(change)

    def _step_in(self, seconds: float) -> None:
        at = self.loop.time() + seconds
        if self._stepping is not None:
            if self._stepping.when() <= at:
                return
            self._stepping.cancel()
        self._stepping = self.loop.call_at(at, self._step)

    def _step(self) -> None:
        """Let every controller take one step; further ones follow if it changed anything."""
        self._stepping = None
        self.gateway.serve(self.store, self.kubelet)
        collect_garbage(self.store)
        control_deployments(self.store)
        control_sets(self.store)
        control_stateful_sets(self.store)
        control_daemon_sets(self.store)
        control_jobs(self.store, self.kubelet)
        control_runs(self.store, self.kubelet)
        control_namespaces(self.store)
        self.kubelet.step(self.store)
        control_endpoints(self.store)
        self.gateway.step(self.store)
        of_jobs = (*due_jobs(self.store), *due_runs(self.store, self.kubelet))
        coming = (*self.kubelet.due(self.store.now()), *of_jobs)
        due = min(coming, default=None)
        if due is not None:
            self._step_in(due - self.store.now())

    def _tick(self) -> None:
        self.gateway.serve(self.store, self.kubelet)
        self.gateway.counters.scrape(round(self.store.now(), 3))
        self.loop.call_at(self.loop.time() + SCRAPE_SECONDS, self._tick)

    def changed_behaviour(self) -> None:
        """Have the controllers look: an image or a fault is another one now."""
        self._step_in(0.0)


def _next_second(time: float) -> float:
    return float(int(time) + 1)
