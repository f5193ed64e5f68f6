"""Everything in any order: people, faults, crashes, old knowledge; safety after every write.

Whatever happened, when it stops the cluster comes to rest, clean, and nothing is written any more.
"""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sluice.model import names
from sluice.model.references import PODS
from tests.converge.deployments import is_ready
from tests.converge.history import AnyHistory, tried
from tests.converge.rollout import picture
from tests.converge.rollout.people import TARGET, People
from tests.converge.rollout.stories import FIRST, GOOD, NEXT
from tests.converge.rollout.subject import SUBJECT

_IMAGES = (FIRST, GOOD, NEXT)
_COMMANDS = (names.ABORT, names.PROMOTE, names.PROMOTE_FULL, names.RETRY, names.PAUSE, names.RESUME)


class AnyCourse(AnyHistory[People]):
    """A cluster with a Rollout, an operator, and everything that can happen to them."""

    subject, pass_seconds, calm_seconds = SUBJECT, 2.0, 3.0

    @initialize()
    def begin(self) -> None:
        self.nonces = 0
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

    def is_well(self) -> bool:
        return self.subject.rests(self.cluster.store)

    def check_rest(self) -> None:
        store = self.cluster.store
        assert all(item.percent is None for item in picture.weighings(store))
        assert picture.ready_canary_pods(store) == 0
        assert sum(is_ready(pod) for _, pod in store.every(PODS)) == 3, str(self.summary())


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = tried(30)
