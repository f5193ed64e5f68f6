"""Whether StartupGraphs are held and gated: the policies behind them, and each graph's audit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sluice.adapters.failures import ForbiddenError, NotFoundError
from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed, skipped, warned
from sluice.cli.check.site import Site
from sluice.model.conditions import Status
from sluice.model.fields import InvalidSpecError
from sluice.model.holds import Holder
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.names import GRAPH_LABEL, HOLDERS, NODE_LABEL
from sluice.model.references import DEPLOYMENTS, STARTUPGRAPHS
from sluice.startup.release import released_list
from sluice.startup.scene import Own
from sluice.startup.told import COVERED

_HOLD, _GRAPHS = "Startup", "StartupGraphs"
_ROOT: Final = "/apis/admissionregistration.k8s.io/v1"
_NOTICE: Final = "sluice-startup-notice"
_LABELS: Final[JsonObject] = {GRAPH_LABEL: "sluice-check", NODE_LABEL: "trial"}
# Never created: it is written with dryRun.
_TRIAL: Final[JsonObject] = {
    "apiVersion": DEPLOYMENTS.api_version,
    "kind": DEPLOYMENTS.kind,
    "metadata": {"name": "sluice-check", "labels": _LABELS},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {"containers": [{"name": "trial", "image": "example.invalid/none"}]},
        },
    },
}


@dataclass(frozen=True, slots=True)
class _Policy:
    """A mutating policy is there, and bound. without: what happens if it is not."""

    name: str
    without: str

    async def __call__(self, site: Site) -> Finding:
        if await site.one(f"{_ROOT}/mutatingadmissionpolicies/{self.name}") is None:
            return failed(f"there is no MutatingAdmissionPolicy {self.name}: {self.without}", APPLY)
        kind = "MutatingAdmissionPolicyBinding"
        found = await site.one(f"{_ROOT}/{kind.lower()}s/{self.name}")
        if found is None:
            return failed(f"there is no {kind} {self.name}: {self.without}", APPLY)
        bound = Body(found).text("spec", "policyName", default="")
        if bound != self.name:
            return failed(f"{kind} {self.name} binds {bound!r}: {self.without}", APPLY)
        return passed(f"MutatingAdmissionPolicy {self.name} with its binding")


async def _notice(site: Site) -> Finding:
    for plural in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        if await site.one(f"{_ROOT}/{plural}/{_NOTICE}") is None:
            return warned(
                f"{plural}/{_NOTICE} is missing: held nodes look like started ones", APPLY
            )
    return passed(f"ValidatingAdmissionPolicy {_NOTICE} with its binding")


async def _acts(site: Site) -> Finding:
    """A policy that the API server cannot compile guards nothing, and nobody is told."""
    namespace = await _namespace(site)
    if namespace is None:
        return skipped("no namespace with a StartupGraph to try in")
    try:
        answer = Body(await site.cluster.try_create(DEPLOYMENTS, namespace, _TRIAL))
    except ForbiddenError as error:
        return skipped(f"you may not try it in namespace {namespace}: {error.message}")
    # What was not stored has no resourceVersion, so it is no Deployment as the cache knows them.
    holders = answer.labels("metadata", "annotations").get(HOLDERS, "").split(",")
    if answer.flag("spec", "paused", default=False) and Holder.STARTUP in holders:
        return passed(f"a dry-run Deployment in namespace {namespace} came back paused")
    sentence = f"a dry-run Deployment in namespace {namespace} came back unpaused"
    return failed(f"{sentence}: it would have started at once", APPLY)


async def _namespace(site: Site) -> str | None:
    """Return a namespace in which nodes are held, None if none is known."""
    if site.namespace is not None:
        return (
            None if site.namespace in {"kube-system", site.operator_namespace} else site.namespace
        )
    try:
        found = await site.everywhere(STARTUPGRAPHS)
    except NotFoundError:
        return None
    return next((body.text("metadata", "namespace") for body in found), None)


async def _released(site: Site) -> Finding:
    """The scheduling policy reads it, and holds nothing where it is missing."""
    ref = released_list(site.operator_namespace)
    if await site.one(ref.path) is None:
        return failed(f"there is no {ref}: pods of sets do not wait for their turn", APPLY)
    return passed(str(ref))


ROWS: Final = (
    Row(
        _HOLD,
        "a first start is held back",
        _Policy("sluice-startup-hold", "Deployments and Jobs start at once"),
    ),
    Row(_HOLD, "a Deployment of a graph is held back", _acts),
    Row(
        _HOLD,
        "what is held stays held",
        _Policy("sluice-startup-keep", "a replace lets held workloads start"),
    ),
    Row(
        _HOLD,
        "pods of sets wait for their turn",
        _Policy("sluice-startup-scheduling", "StatefulSets and DaemonSets start at once"),
    ),
    Row(_HOLD, "released sets are remembered", _released),
    Row(
        _HOLD,
        "pods get their readiness gate",
        _Policy("sluice-startup-readiness", "pods get traffic before their gates have passed"),
    ),
    Row(_HOLD, "whose node waits is told", _notice),
)


async def rows(site: Site) -> tuple[Row, ...]:
    """Return the rows of every StartupGraph in the namespaces that are checked."""
    try:
        found = await site.everywhere(STARTUPGRAPHS)
    except NotFoundError:
        return ()
    return tuple(row for body in found for row in _rows_of(body))


def _rows_of(body: Body) -> Iterator[Row]:
    meta = body.body("metadata")
    name = f"{meta.text('namespace')}/{meta.text('name')}"
    yield Row(_GRAPHS, f"graph {name} is known to the operator", _Known(body))
    yield Row(_GRAPHS, f"graph {name} holds and gates all its nodes", _Covered(body))


@dataclass(frozen=True, slots=True)
class _Known:
    """The operator has read the newest spec and finds it sound."""

    body: Body

    async def __call__(self, site: Site) -> Finding:
        del site
        generation = self.body.whole("metadata", "generation", default=0)
        seen = self.body.whole("status", "observedGeneration", default=0)
        if seen < generation:
            sentence = f"spec is at generation {generation}, the operator has seen {seen}"
            return failed(sentence, "see whether an operator leads")
        try:
            own = Own.from_body(self.body)
        except (InvalidSpecError, MalformedError) as error:
            return failed(str(error), "correct the spec")
        if own.faults:
            return failed(". ".join(own.faults), "correct the spec")
        return passed(f"{own.status.phase}, {own.status.ready or 'none'} nodes ready")


@dataclass(frozen=True, slots=True)
class _Covered:
    """The audit of the operator: its condition Covered."""

    body: Body

    async def __call__(self, site: Site) -> Finding:
        del site
        conditions = self.body.bodies("status", "conditions")
        found = next((one for one in conditions if one.text("type") == COVERED), None)
        if found is None:
            return skipped("the operator has not audited it yet")
        message = found.text("message", default="")
        if found.text("status") == Status.FALSE:
            return failed(message, "label the workloads as it says: docs/reasons.md#notcovered")
        return passed(message)
