"""A random history: everything in any order, for any kind; safety after every write.

A kind adds what its people do and what else can happen. Whatever happened, when all is mended the
cluster comes to rest, and nothing is written any more.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Generic

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sluice.model.json import JsonObject
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import Cluster
from tests.converge.conftest import FUZZ
from tests.converge.operator_process import OperatorProcess
from tests.converge.scenario import P
from tests.converge.store import Change
from tests.converge.subject import Subject

_LEASE_SECONDS = 3.0
_PATIENCE_SECONDS, _IDLE_SECONDS = 400.0, 20.0
_EVENTS = "events.k8s.io"


class AnyHistory(RuleBasedStateMachine, Generic[P]):
    """A cluster, an operator, and all that can happen to them.

    pass_seconds: how old the operator's knowledge may be. calm_seconds: nothing happens for so
    long only at rest.
    """

    subject: Subject[P]
    pass_seconds: float
    calm_seconds: float

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.cluster = Cluster.empty(self.loop)
        self.people = self.subject.people(self.cluster)
        self.processes: list[OperatorProcess] = []
        self.laws = tuple(
            law(self.cluster, self.pass_seconds, one_leader=False, processes=self.processes)
            for law in self.subject.laws
        )
        self.loop.quiet = self.check_quiet
        self.cluster.seen.append(self.changed)
        self.last_change, self.last_write = 0.0, 0.0

    @rule(seconds=st.sampled_from([0.005, 0.02, 0.3, 1.0, 2.0, 4.0, 8.0, 8.0, 15.0, 125.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    @rule(lag=st.integers(0, 5))
    def watches_lag(self, lag: int) -> None:
        self.operator.view.lag = lag

    @rule(down_seconds=st.sampled_from([0.0, 0.5, 5.0]))
    def the_operator_is_killed(self, down_seconds: float) -> None:
        for law in self.laws:
            law.watching = False
        self.do(self.operator.crash())
        self.do(asyncio.sleep(down_seconds))
        self.start()

    @rule(age_seconds=st.sampled_from([0.05, 1.0, 4.0]))
    def a_second_leader_acts_on_what_it_knew(self, age_seconds: float) -> None:
        self.do(self.usurp(age_seconds))

    @invariant()
    def nothing_is_broken(self) -> None:
        assert [sentence for law in self.laws for sentence in law.broken] == []

    def teardown(self) -> None:
        try:
            self.operator.view.lag = 0
            self.everything_is_mended()
            self.last_change = self.loop.time()
            self.it_comes_to_rest()
            self.it_stays_at_rest()
            self.nothing_is_broken()
        finally:
            self.do(self.operator.crash())
            asyncio.set_event_loop(None)
            self.loop.close()

    @abstractmethod
    def everything_is_mended(self) -> None:
        """Take back every fault, and have people write what they want in the end."""

    @abstractmethod
    def is_well(self) -> bool:
        """Whether it is as it must be in the end."""

    @abstractmethod
    def check_rest(self) -> None:
        """Check what there is at rest."""

    def it_comes_to_rest(self) -> None:
        limit = self.loop.time() + _PATIENCE_SECONDS
        while not (self.is_well() and self.loop.time() - self.last_change > self.calm_seconds):
            assert self.loop.time() < limit, str(self.summary())
            self.do(asyncio.sleep(1.0))

    def it_stays_at_rest(self) -> None:
        before, written = self.summary(), self.last_write
        self.do(asyncio.sleep(_IDLE_SECONDS))
        assert self.last_write == written, "there are writes at rest"
        assert self.summary() == before
        self.check_rest()

    def start(self) -> None:
        self.operator = self.process()
        self.operator.client.written = self.wrote
        self.do(self.operator.start())
        for law in self.laws:
            law.watch()

    async def usurp(self, age_seconds: float) -> None:
        usurper = self.process()
        await usurper.warm_up()
        usurper.view.frozen = True
        await asyncio.sleep(age_seconds)
        usurper.lead()
        await asyncio.sleep(_LEASE_SECONDS)
        await usurper.crash()

    def process(self) -> OperatorProcess:
        process = self.subject.process(self.cluster, View())
        self.processes.append(process)
        return process

    def check_quiet(self) -> None:
        for law in self.laws:
            law.check_quiet()

    def wrote(self, write: Write) -> None:
        if write.ref.resource.group != _EVENTS:
            self.last_write = self.loop.time()

    def changed(self, change: Change) -> None:
        if change.ref.resource.group != _EVENTS:
            self.last_change = self.loop.time()

    def summary(self) -> JsonObject:
        return self.subject.summary(self.cluster.store)

    def do(self, work: Coroutine[None, None, None]) -> None:
        self.loop.run_until_complete(work)


def tried(examples: int) -> settings:
    """Return the settings of a test of so many histories; `make fuzz` tries more."""
    fuzzing = settings.get_current_profile_name() == FUZZ
    return settings(
        max_examples=settings().max_examples if fuzzing else examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
