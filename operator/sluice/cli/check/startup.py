"""Whether StartupGraphs are held and gated: the policies behind them, and each graph's audit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sluice.cli.check import sets
from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed, skipped, warned
from sluice.cli.check.site import Site
from sluice.cli.check.trials import LABELS, NAME, tried
from sluice.model.conditions import Status
from sluice.model.fields import InvalidSpecError
from sluice.model.holds import Holder
from sluice.model.json import Body, JsonObject, MalformedError
from sluice.model.names import HOLDERS
from sluice.model.references import DEPLOYMENTS
from sluice.startup.own import Own
from sluice.startup.told import COVERED

_HOLD, _GRAPHS = "Startup", "StartupGraphs"
_ROOT: Final = "/apis/admissionregistration.k8s.io/v1"
_NOTICE: Final = "sluice-startup-notice"
# Without any of them somebody gains a right that he has not, or the operator keeps one.
_GUARDS: Final = ("rights", "commands", "records", "locks", "own")
# Never created: it is written with dryRun.
_TRIAL: Final[JsonObject] = {
    "apiVersion": DEPLOYMENTS.api_version,
    "kind": DEPLOYMENTS.kind,
    "metadata": {"name": NAME, "labels": LABELS},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
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


async def _guards(site: Site) -> Finding:
    for guard in (f"sluice-init-{name}" for name in _GUARDS):
        for plural in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            if await site.one(f"{_ROOT}/{plural}/{guard}") is None:
                without = "who may write a graph, but no Jobs, may have them run"
                return failed(f"{plural}/{guard} is missing: {without}", APPLY)
    return passed(f"{len(_GUARDS)} ValidatingAdmissionPolicies sluice-init-* with their bindings")


async def _acts(site: Site) -> Finding:
    """A policy that the API server cannot compile guards nothing, and nobody is told."""
    trial = await tried(site, DEPLOYMENTS, _TRIAL)
    # What was not stored has no resourceVersion, so it is no Deployment as the cache knows them.
    holders = trial.body.labels("metadata", "annotations").get(HOLDERS, "").split(",")
    sentence = f"a dry-run Deployment in namespace {trial.namespace} came back"
    if trial.body.flag("spec", "paused", default=False) and Holder.STARTUP in holders:
        return passed(f"{sentence} paused")
    return failed(f"{sentence} unpaused: it would have started at once", APPLY)


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
        "a new version waits for what it requires",
        _Policy("sluice-startup-requires", "new versions start before their migration is done"),
    ),
    Row(
        _HOLD,
        "pods of sets wait for their turn",
        _Policy("sluice-startup-scheduling", "StatefulSets and DaemonSets start at once"),
    ),
    *sets.ROWS,
    Row(
        _HOLD,
        "pods get their readiness gate",
        _Policy("sluice-startup-readiness", "pods get traffic before their gates have passed"),
    ),
    Row(_HOLD, "whose node waits is told", _notice),
    Row(_HOLD, "who writes a graph gains no right", _guards),
)


async def rows(site: Site) -> tuple[Row, ...]:
    """Return the rows of every StartupGraph in the namespaces that are checked."""
    return tuple(row for body in await site.graphs() for row in _rows_of(body))


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
