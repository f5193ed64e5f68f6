"""What pods and Services answer to probes, as the test has scripted it."""

import asyncio
from dataclasses import dataclass, field

from sluice.model.cluster import Pod
from sluice.model.probes import Answer, HttpProbe, Outcome, Probe
from sluice.model.references import PODS
from tests.converge.kubelet import image_of
from tests.converge.store import Store


@dataclass
class Targets:
    """What fails: images, pods by name, hosts of Services. silent: the network is cut."""

    failing: set[str] = field(default_factory=set)
    silent: bool = False

    def fork(self) -> "Targets":
        """Return a copy."""
        return Targets(set(self.failing), self.silent)


@dataclass
class Prober:
    """One process's way to the targets, and which answers each container gave to it.

    passes: how many in a row, by the pod's UID and its containers' instance.
    """

    store: Store
    targets: Targets
    passes: dict[tuple[str, str], int] = field(default_factory=dict)

    async def answer(self, probe: Probe) -> Answer:
        """Answer as the target would."""
        await asyncio.sleep(0)
        if self.targets.silent:
            return Answer(Outcome.FAILED, answered=False, detail="no answer within 1s")
        host = _host(probe)
        if not host.startswith("10."):
            return _answer(passed=host not in self.targets.failing)
        for ref, body in self.store.every(PODS):
            if body.text("status", "podIP", default="") == host:
                names = {ref.name, image_of(body), *body.labels("metadata", "labels").values()}
                pod = Pod.from_body(body)
                passed = pod.containers.started and not names & self.targets.failing
                key = (pod.meta.uid, pod.containers.instance)
                self.passes[key] = self.passes.get(key, 0) + 1 if passed else 0
                return _answer(passed=passed)
        return Answer(Outcome.FAILED, answered=False, detail="no route to host")


def _host(probe: Probe) -> str:
    if isinstance(probe, HttpProbe):
        return probe.url.removeprefix("http://").split("/")[0].split(":")[0]
    return probe.host


def _answer(*, passed: bool) -> Answer:
    outcome = Outcome.PASSED if passed else Outcome.FAILED
    return Answer(outcome, answered=True, detail="HTTP 200" if passed else "HTTP 500")
