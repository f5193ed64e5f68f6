"""The edges that keep a node waiting, with how far each parent has come; pure."""

from dataclasses import dataclass

from sluice.cli.graph.amounts import amount, started
from sluice.cli.graph.answers import COUNTED, Answer, answers, counted_critical, is_counted
from sluice.cli.views.plain import plain
from sluice.cli.views.times import age
from sluice.model.json import JsonObject
from sluice.startup.bars import critical, meets_bar
from sluice.startup.edges import unmet
from sluice.startup.init.checksum import shown
from sluice.startup.init.events import verdict
from sluice.startup.init.stays import Stay
from sluice.startup.scene import InitScene, NodeScene, Scene
from sluice.startup.spec import Edge, Until
from sluice.startup.states import BEFORE_START, State


@dataclass(frozen=True, slots=True)
class Parent:
    """An edge that keeps a node waiting, or may do so.

    met: False, or None where that rests on answers that only the operator knows.
    """

    name: str
    until: str
    optional: bool
    met: bool | None
    message: str

    def to_json(self) -> JsonObject:
        """Return the edge as data."""
        return {
            "node": self.name,
            "until": self.until,
            "optional": self.optional,
            "satisfied": self.met,
            "message": self.message,
        }


def parents(scene: Scene, node: NodeScene | InitScene) -> tuple[Parent, ...]:
    """Return the edges that are not satisfied, in the order of the spec."""
    missing = {one.edge.parent for one in unmet(scene, node)}
    found = (_edge(scene, edge, missing=edge.parent in missing) for edge in node.node.depends_on)
    return tuple(parent for parent in found if parent is not None)


def _edge(scene: Scene, edge: Edge, *, missing: bool) -> Parent | None:
    """Return the edge if it keeps the node waiting, or may do so."""
    init = scene.inits.get(edge.parent)
    if init is not None:
        return _parent(edge, _where_init(scene, init), met=False) if missing else None
    parent = scene.nodes.get(edge.parent)
    if parent is None:
        return _parent(edge, "is no node of this graph", met=False)
    met = _met(edge, parent, missing=missing)
    return None if met is True else _parent(edge, _where(scene, parent, edge), met=met)


def _met(edge: Edge, parent: NodeScene, *, missing: bool) -> bool | None:
    """Return whether a parent suffices, None if that rests on gates that are counted elsewhere.

    missing: whether it does not, as long as no such gate has been asked.
    """
    if edge.until is not Until.READY or not counted_critical(parent):
        return not missing
    if not missing:
        # It has lost something that is not to be seen here: such a gate, or pods that are back.
        return None if parent.status.state is State.DEGRADED else True
    rests = all(one.passed or is_counted(one.gate) for one in critical(parent, {}))
    enough = edge.min_ready is not None and meets_bar(parent, edge.min_ready)
    running = parent.status.state not in BEFORE_START | {State.FAILED} and not parent.is_new
    return None if running and enough and rests else False


def _parent(edge: Edge, message: str, *, met: bool | None) -> Parent:
    return Parent(edge.parent, str(edge.until), edge.optional, met, message)


def _where(scene: Scene, parent: NodeScene, edge: Edge) -> str:
    """Return how far a parent has come, by what the edge asks for."""
    state, is_ = parent.status.state, been(parent.status.state, parent.status.since, scene.now)
    if edge.until is Until.STARTED:
        reached = started(parent, scene.now)
    else:
        reached = amount(parent, scene.now, edge.min_ready)
    if parent.is_new:
        return f"{is_}, {reached}; the operator has not looked at this workload yet"
    gates = () if edge.until is not Until.READY or state in BEFORE_START else answers(parent)
    waiting = (_of_gate(one) for one in gates if one.gate.critical and one.passed is not True)
    return "; ".join((f"{is_}, {reached}", *waiting))


def _where_init(scene: Scene, parent: InitScene) -> str:
    """Return how far a parent has come that runs once, of which version, and why no further."""
    situation, found = parent.situation, verdict(parent.situation)
    status, asked = situation.status, situation.init.version
    is_ = been(status.state, status.since, scene.now)
    why = plain(found.why) if isinstance(found, Stay) else ""
    of = f", of version {shown(status.version)}" if status.version and not why else ""
    differs = status.version not in ("", asked)
    other = f", while the graph asks for {shown(asked)}" if differs else ""
    return "; ".join(part for part in (f"{is_}{of}{other}", why) if part)


def been(state: object, since: float, now: float) -> str:
    """Return in which state something has been and for how long."""
    return f"has been {state} for {age(since, now)}" if since else f"is {state}"


def _of_gate(answer: Answer) -> str:
    state = "has not passed" if answer.passed is False else f"is {COUNTED}"
    return f"its gate {answer.gate.name} {state}"
