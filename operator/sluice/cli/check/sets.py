"""Whether the pods of StatefulSets and DaemonSets wait for their turn, and only until then.

The policy reads the list of released sets through the API server, which may have stopped to read
it (docs/weaknesses.md): what it knows of the list shows only in what it makes of a pod.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sluice.cli.check.findings import (
    APPLY,
    CutShortError,
    Finding,
    Row,
    failed,
    passed,
    skipped,
    warned,
)
from sluice.cli.check.site import Site
from sluice.cli.check.trials import LABELS, NAME, Tried, tried
from sluice.cli.views.seen import read_status
from sluice.cli.views.times import age
from sluice.model.json import Body, JsonObject
from sluice.model.names import STARTUP_GATE
from sluice.model.references import PODS, STATEFULSETS, ObjectRef
from sluice.startup.release import released_list
from sluice.startup.status import GraphStatus

_CATEGORY: Final = "Startup"
_NEVER_RELEASED: Final = "sluice-check"
_README: Final = "README"  # the one key of the list that is no UID
# Ample for a change of the list to reach the copy that the API server keeps by a watch.
_KNOWN_SECONDS: Final = 10.0
_RESTART: Final = "restart the API server: it does not read the list any more, docs/weaknesses.md"


def _pod_of(uid: str) -> JsonObject:
    """Return a pod of the set with that UID, one that every pod security standard lets pass."""
    owner: JsonObject = {
        "apiVersion": STATEFULSETS.api_version,
        "kind": STATEFULSETS.kind,
        "name": NAME,
    }
    confined: JsonObject = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    powerless: JsonObject = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    image = "example.invalid/none"
    container: JsonObject = {"name": "trial", "image": image, "securityContext": powerless}
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": NAME,
            "labels": LABELS,
            "ownerReferences": [{**owner, "uid": uid, "controller": True}],
        },
        "spec": {"securityContext": confined, "containers": [container]},
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """A set that is on the list. released: when, in seconds since the epoch, if a graph tells."""

    uid: str
    name: str
    released: float | None


def latest(listed: Mapping[str, str], released: Mapping[str, float], now: float) -> Listed | None:
    """Return the set on the list that the API server has to know, and heard of last.

    listed: UIDs with the names of the sets. released: when each was, as far as it is known.
    """
    settled = [
        Listed(uid, name, released.get(uid))
        for uid, name in listed.items()
        if uid != _README and now - released.get(uid, 0.0) > _KNOWN_SECONDS
    ]
    return max(settled, key=lambda one: one.released or 0.0, default=None)


def released_at(graphs: Iterable[Body]) -> Mapping[str, float]:
    """Return when the workloads of graphs were released, by UID."""
    found = [read_status(body.value, GraphStatus.from_body)[0] for body in graphs]
    nodes = (node for status in found if status is not None for node in status.nodes)
    return {node.uid: node.released_at for node in nodes if node.released_at is not None}


async def _held(site: Site) -> Finding:
    trial = await tried(site, PODS, _pod_of(_NEVER_RELEASED))
    sentence = f"a dry-run pod of a new set in namespace {trial.namespace} came back"
    if _is_gated(trial):
        return passed(f"{sentence} gated")
    fix = f"{APPLY}; if that changes nothing, {_RESTART}"
    return failed(f"{sentence} without a gate: it would have started at once", fix)


def _is_gated(trial: Tried) -> bool:
    gates = trial.body.bodies("spec", "schedulingGates")
    return any(gate.text("name") == STARTUP_GATE for gate in gates)


async def _remembered(site: Site) -> Finding:
    """The scheduling policy reads it, and holds nothing where it is missing."""
    ref = _ref(site)
    if await site.one(ref.path) is None:
        return failed(f"there is no {ref}: pods of sets do not wait for their turn", APPLY)
    return passed(str(ref))


async def _known(site: Site) -> Finding:
    listed = await _list(site)
    now = site.clock.now()
    one = latest(listed, released_at(await site.graphs()), now)
    if one is None:
        return skipped(f"no set was released more than {_KNOWN_SECONDS:g}s ago")
    if not _is_gated(await tried(site, PODS, _pod_of(_NEVER_RELEASED))):
        return skipped("pods of sets are not held back, so it cannot be told")
    when = "" if one.released is None else f", released {age(one.released, now)} ago"
    shown = f"{one.name}{when}, of {len(listed.keys() - {_README})} on the list"
    if _is_gated(await tried(site, PODS, _pod_of(one.uid))):
        return warned(f"it does not know {shown}: its new pods wait for the operator", _RESTART)
    return passed(f"it knows {shown}")


async def _list(site: Site) -> Mapping[str, str]:
    ref = _ref(site)
    found = await site.one(ref.path)
    if found is None:
        raise CutShortError(skipped(f"there is no {ref}"))
    return Body(found).labels("data")


def _ref(site: Site) -> ObjectRef:
    return released_list(site.operator_namespace)


ROWS: Final = (
    Row(_CATEGORY, "a pod of a set is held back", _held),
    Row(_CATEGORY, "released sets are remembered", _remembered),
    Row(_CATEGORY, "released sets are known to the API server", _known),
)
