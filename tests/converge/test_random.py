"""Everything in any order: people, faults, crashes, old knowledge; safety after every write.

Whatever happened, when it stops the cluster comes to rest, clean, and nothing is written any more.
"""

import asyncio
from collections.abc import Coroutine

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sluice.model import names
from sluice.rollout.phases import Stage
from tests.converge import picture
from tests.converge.client import View, Write
from tests.converge.clockwork import VirtualLoop
from tests.converge.cluster import TARGET, Cluster, People
from tests.converge.conftest import FUZZ
from tests.converge.operator_process import OperatorProcess
from tests.converge.safety import Safety
from tests.converge.stories import FIRST, GOOD, NEXT

_RESTING = frozenset({Stage.HEALTHY, Stage.ROLLED_BACK})
_IMAGES = (FIRST, GOOD, NEXT)
_LEASE_SECONDS = 3.0
_PATIENCE_SECONDS, _CALM_SECONDS, _IDLE_SECONDS = 400.0, 3.0, 20.0
_COMMANDS = (names.ABORT, names.PROMOTE, names.PROMOTE_FULL, names.RETRY, names.PAUSE, names.RESUME)


class AnyCourse(RuleBasedStateMachine):
    """A cluster with a Rollout, an operator, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.cluster = Cluster.empty(self.loop)
        self.people = People(self.cluster)
        self.safety = Safety(self.cluster, pass_seconds=2.0)
        self.loop.quiet = self.safety.check_cover
        self.nonces = 0
        self.last_write = 0.0

    @initialize()
    def begin(self) -> None:
        self.people.install()
        self.start()
        self.do(asyncio.sleep(2.0))

    @rule(image=st.sampled_from(_IMAGES))
    def somebody_deploys(self, image: str) -> None:
        self.people.deploy(image)

    @rule(annotation=st.sampled_from(_COMMANDS))
    def somebody_commands(self, annotation: str) -> None:
        self.nonces += 1
        self.people.command(annotation, str(self.nonces))

    @rule(paused=st.booleans())
    def somebody_writes_paused(self, *, paused: bool) -> None:
        self.people.pause(paused=paused)

    # Not to 0: a held version that is scaled to 0 and up within an instant is the controller's.
    @rule(replicas=st.integers(1, 4))
    def somebody_scales(self, replicas: int) -> None:
        self.people.scale(replicas)

    @rule(percent=st.sampled_from([0, 30, 100]))
    def somebody_edits_the_weights(self, percent: int) -> None:
        self.people.weigh(percent)

    @rule()
    def somebody_applies_the_route_again(self) -> None:
        self.people.reset_route()

    @rule()
    def somebody_lets_the_held_version_through(self) -> None:
        target = self.cluster.store.find(TARGET)
        if target is not None and picture.is_held(target):
            self.people.bypass()

    @rule()
    def a_canary_pod_crashes(self) -> None:
        self.people.crash_canary_pod()

    @rule()
    def a_deployed_pod_crashes(self) -> None:
        self.people.crash_deployed_pods(1)

    @rule(image=st.sampled_from(_IMAGES), unready=st.booleans())
    def readiness_changes(self, image: str, *, unready: bool) -> None:
        self.people.unready(image, unready=unready)

    @rule(image=st.sampled_from(_IMAGES), share=st.sampled_from([0.0, 0.1, 1.0]))
    def requests_fail(self, image: str, share: float) -> None:
        self.people.fail(image, share)

    @rule(down=st.booleans())
    def prometheus_changes(self, *, down: bool) -> None:
        self.people.break_prometheus(down=down)

    @rule(refuses=st.booleans())
    def the_gateway_changes(self, *, refuses: bool) -> None:
        self.people.break_gateway(refuses=refuses)

    @rule(seconds=st.sampled_from([0.005, 0.02, 0.3, 1.0, 2.0, 4.0, 8.0, 8.0, 15.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    @rule(lag=st.integers(0, 5))
    def watches_lag(self, lag: int) -> None:
        self.operator.view.lag = lag

    @rule(down_seconds=st.sampled_from([0.0, 0.5, 5.0]))
    def the_operator_is_killed(self, down_seconds: float) -> None:
        self.safety.watching = False
        self.do(self.operator.crash())
        self.do(asyncio.sleep(down_seconds))
        self.start()

    @rule(age_seconds=st.sampled_from([0.05, 1.0, 4.0]))
    def a_second_leader_acts_on_what_it_knew(self, age_seconds: float) -> None:
        self.do(self.usurp(age_seconds))

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.safety.broken == []

    def teardown(self) -> None:
        try:
            self.everything_is_mended()
            self.it_comes_to_rest()
            self.it_stays_at_rest()
            self.nothing_is_broken()
        finally:
            self.do(self.operator.crash())
            asyncio.set_event_loop(None)
            self.loop.close()

    def everything_is_mended(self) -> None:
        for image in _IMAGES:
            self.people.fail(image, 0.0)
            self.people.unready(image, unready=False)
        self.people.break_prometheus(down=False)
        self.people.break_gateway(refuses=False)
        self.people.reset_route()
        self.people.pause(paused=False)
        self.people.command(names.RESUME, "last")
        self.people.scale(3)
        self.operator.view.lag = 0
        self.last_write = self.loop.time()

    def it_comes_to_rest(self) -> None:
        limit = self.loop.time() + _PATIENCE_SECONDS
        while not self.is_calm():
            assert self.loop.time() < limit, str(picture.summary(self.cluster))
            self.do(asyncio.sleep(1.0))

    def it_stays_at_rest(self) -> None:
        before = picture.summary(self.cluster)
        written = self.last_write
        self.do(asyncio.sleep(_IDLE_SECONDS))
        assert self.last_write == written, "there are writes at rest"
        assert picture.summary(self.cluster) == before
        assert all(item.percent is None for item in picture.weighings(self.cluster.store))
        assert picture.ready_canary_pods(self.cluster.store) == 0
        assert len(before["pods"]) == 3, str(before)  # type: ignore[arg-type]

    def is_calm(self) -> bool:
        stage = picture.stage_of(picture.status_of(self.cluster.store))
        return stage in _RESTING and self.loop.time() - self.last_write > _CALM_SECONDS

    def start(self) -> None:
        self.operator = OperatorProcess(self.cluster, View())
        self.operator.client.written = self.wrote
        self.do(self.operator.start())
        self.safety.watching = True

    async def usurp(self, age_seconds: float) -> None:
        usurper = OperatorProcess(self.cluster, View())
        await usurper.warm_up()
        usurper.view.frozen = True
        await asyncio.sleep(age_seconds)
        usurper.lead()
        await asyncio.sleep(_LEASE_SECONDS)
        await usurper.crash()

    def wrote(self, write: Write) -> None:
        if write.ref.resource.group != "events.k8s.io":
            self.last_write = self.loop.time()

    def do(self, work: Coroutine[None, None, None]) -> None:
        self.loop.run_until_complete(work)


def examples() -> int:
    """Return how many histories are tried: few in every run of the tests."""
    fuzzing = settings.get_current_profile_name() == FUZZ
    return settings().max_examples if fuzzing else 30


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(
    max_examples=examples(),
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
