"""Pods come up, crash, hang and end, as their image or a fault says. Time is virtual.

A pod with a scheduling gate is nowhere; one with readiness gates is ready once they are open.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from sluice.model import names
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import PODS, ObjectRef
from tests.converge.deployments import SYSTEM
from tests.converge.store import Store, whole_second

START_SECONDS, RESTART_SECONDS, GRACE_SECONDS = 1.0, 2.0, 1.0


class Start(Enum):
    """What becomes of a pod of an image."""

    READY = auto()
    NEVER_READY = auto()
    CRASH = auto()


@dataclass(frozen=True, slots=True)
class Image:
    """How a version behaves: how it starts, and which share (0..1) of its requests fails.

    codes: with what its tries end where it runs to an end, the last one for ever.
    said: its termination message.
    """

    start: Start = Start.READY
    failing: float = 0.0
    codes: tuple[int, ...] = (0,)
    said: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """A pod's course so far; instants are seconds since the epoch."""

    started: float
    ready_at: float | None
    crash_at: float | None
    ready_since: float | None = None
    restarts: int = 0
    crashed_at: float | None = None
    gone_at: float | None = None


@dataclass
class Kubelet:
    """All pods. unready: images whose pods fail their readiness probe at the moment."""

    images: dict[str, Image] = field(default_factory=dict)
    unready: set[str] = field(default_factory=set)
    lives: dict[str, Life] = field(default_factory=dict)

    def fork(self) -> "Kubelet":
        """Return a copy."""
        return Kubelet(dict(self.images), set(self.unready), dict(self.lives))

    def image(self, name: str) -> Image:
        """Return how an image behaves; an unknown one is a good one."""
        return self.images.get(name, Image())

    def crash(self, uid: str, now: float) -> None:
        """Have a container of a pod end with an error now."""
        self.lives[uid] = replace(self.lives[uid], crash_at=now)

    def step(self, store: Store) -> None:
        """Bring every pod to this instant."""
        now = store.now()
        for ref, pod in tuple(store.every(PODS)):
            if is_of_init(pod):
                continue  # it runs to an end: `runs`
            uid = pod.text("metadata", "uid")
            if pod.bodies("spec", "schedulingGates"):
                if pod.has("metadata", "deletionTimestamp"):
                    _end(store, ref, pod)
                continue
            life = self._live(self.lives.get(uid) or self._born(pod, now), pod, now)
            self.lives[uid] = life
            if life.gone_at is not None and life.gone_at <= now:
                del self.lives[uid]
                _end(store, ref, pod)
            else:
                status = _status(life, pod, now)
                store.update(ref, {**pod.value, "status": status}, SYSTEM, "status")

    def due(self, now: float) -> Iterator[float]:
        """Yield the instants to come at which a pod changes by itself."""
        for life in self.lives.values():
            back_at = None if life.crashed_at is None else life.crashed_at + RESTART_SECONDS
            coming = (life.ready_at, life.crash_at, life.gone_at, back_at)
            yield from (at for at in coming if at is not None and at > now)

    def _born(self, pod: Body, now: float) -> Life:
        up = now + START_SECONDS
        match self.image(image_of(pod)).start:
            case Start.READY:
                return Life(now, ready_at=up, crash_at=None)
            case Start.NEVER_READY:
                return Life(now, ready_at=None, crash_at=None)
            case Start.CRASH:
                return Life(now, ready_at=None, crash_at=up)

    def _live(self, life: Life, pod: Body, now: float) -> Life:
        if pod.has("metadata", "deletionTimestamp"):
            gone_at = now + GRACE_SECONDS if life.gone_at is None else life.gone_at
            return replace(life, ready_since=None, ready_at=None, crash_at=None, gone_at=gone_at)
        if life.crash_at is not None and life.crash_at <= now:
            again = self.image(image_of(pod)).start is Start.CRASH
            back = now + RESTART_SECONDS
            return replace(
                life,
                ready_at=None if again else back,
                ready_since=None,
                crash_at=back if again else None,
                restarts=life.restarts + 1,
                crashed_at=now,
            )
        if image_of(pod) in self.unready or life.ready_at is None or life.ready_at > now:
            return replace(life, ready_since=None)
        return life if life.ready_since is not None else replace(life, ready_since=now)


def is_of_init(body: Body) -> bool:
    """Whether a Job or pod initialises something for a graph."""
    return body.labels("metadata", "labels").get(names.ROLE_LABEL) == names.ROLE_INIT


def image_of(pod: Body) -> str:
    """Return the image of the pod's one container."""
    (container,) = pod.bodies("spec", "containers")
    return container.text("image")


def address_of(uid: str) -> str:
    """Return the address of a pod."""
    number = int(uid.removeprefix("uid-"))
    return f"10.0.{number >> 8}.{number & 255}"


def _end(store: Store, ref: ObjectRef, pod: Body) -> None:
    meta: JsonObject = {**pod.body("metadata").value, "finalizers": []}
    store.update(ref, {**pod.value, "metadata": meta}, SYSTEM)


def _status(life: Life, pod: Body, now: float) -> JsonObject:
    uid = pod.text("metadata", "uid")
    known = {c.text("type"): c for c in pod.bodies("status", "conditions")}
    gates = [gate.text("conditionType") for gate in pod.bodies("spec", "readinessGates")]
    open_gates = [name for name in gates if name in known and _is_true(known[name])]
    ready = life.ready_since is not None and open_gates == gates
    before = known.get("Ready")
    changed = whole_second(life.started if before is None and not ready else now)
    if before is not None and _is_true(before) is ready:
        changed = before.text("lastTransitionTime")
    condition: JsonObject = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "lastTransitionTime": changed,
    }
    others = [known[name].value for name in known if name != "Ready"]
    return {
        "phase": "Running",
        "startTime": whole_second(life.started),
        "podIP": address_of(uid),
        "conditions": [condition, *others],
        "containerStatuses": [_container(life, uid, now)],
    }


def _container(life: Life, uid: str, now: float) -> JsonObject:
    """Return the container; one that crashed is not running until it is back."""
    down = life.crashed_at is not None and now < life.crashed_at + RESTART_SECONDS
    container: dict[str, Json] = {
        "name": "app",
        "restartCount": life.restarts,
        "containerID": f"{uid}-{life.restarts}",
        "ready": life.ready_since is not None,
        "started": not down,
        "state": {"waiting": {}} if down else {"running": {}},
    }
    if life.crashed_at is not None:
        ended: JsonObject = {
            "exitCode": 1,
            "reason": "Error",
            "finishedAt": whole_second(life.crashed_at),
        }
        container["lastState"] = {"terminated": ended}
    return container


def _is_true(condition: Body) -> bool:
    return condition.text("status") == "True"
