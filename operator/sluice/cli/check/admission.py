"""Whether new versions are held back: proven by a write that the API server does not carry out."""

from typing import Final

from sluice.adapters.failures import ForbiddenError
from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed, skipped, warned
from sluice.cli.check.site import Site
from sluice.cli.cluster import annotating
from sluice.model import names
from sluice.model.json import Body
from sluice.model.references import DEPLOYMENTS, ObjectRef

_CATEGORY: Final = "Hold"
_ROOT: Final = "/apis/admissionregistration.k8s.io/v1"
_POLICY: Final = "sluice-hold"
_NOTICE: Final = "sluice-hold-notice"


async def _policy(site: Site) -> Finding:
    policy = await site.one(f"{_ROOT}/mutatingadmissionpolicies/{_POLICY}")
    if policy is None:
        return failed(f"there is no MutatingAdmissionPolicy {_POLICY}", APPLY)
    return passed(f"MutatingAdmissionPolicy {_POLICY}")


async def _binding(site: Site) -> Finding:
    kind = "MutatingAdmissionPolicyBinding"
    found = await site.one(f"{_ROOT}/{kind.lower()}s/{_POLICY}")
    if found is None:
        return failed(f"there is no {kind} {_POLICY}, so the policy guards nothing", APPLY)
    bound = Body(found).text("spec", "policyName", default="")
    if bound != _POLICY:
        return failed(f"{kind} {_POLICY} binds {bound!r} and not {_POLICY}", APPLY)
    return passed(f"{kind} {_POLICY}")


async def _notice(site: Site) -> Finding:
    for plural in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        if await site.one(f"{_ROOT}/{plural}/{_NOTICE}") is None:
            return warned(f"{plural}/{_NOTICE} is missing: held writes look like done ones", APPLY)
    return passed(f"ValidatingAdmissionPolicy {_NOTICE} with its binding")


async def _acts(site: Site) -> Finding:
    """A policy that the API server cannot compile guards nothing, and nobody is told."""
    found = await site.everywhere(DEPLOYMENTS, names.ROLLOUT_LABEL)
    running = [item for item in found if _is_guarded(item)]
    if not running:
        return skipped(f"no labelled Deployment with pods to try on ({names.ROLLOUT_LABEL})")
    meta = running[0].body("metadata")
    ref = ObjectRef(DEPLOYMENTS, meta.text("namespace"), meta.text("name"))
    template = ("spec", "template", "metadata")
    change = annotating(running[0].value, template, f"{names.PREFIX}/check", "dry run")
    try:
        answer = Body(await site.cluster.try_patch(ref, change))
    except ForbiddenError as error:
        return skipped(f"you may not try it on {ref}: {error.message}")
    held = answer.body("metadata").labels("annotations").get(names.HELD, "")
    if answer.flag("spec", "paused", default=False) and held:
        return passed(f"a dry-run change of {ref} came back paused, held {held}")
    return failed(f"a dry-run change of {ref} came back unpaused: it would have rolled out", APPLY)


def _is_guarded(deployment: Body) -> bool:
    """Whether a changed template would be held: a canary's is not, nor that of no pods."""
    canary = names.ROLE_LABEL in deployment.labels("metadata", "labels")
    return not canary and deployment.whole("spec", "replicas", default=1) > 0


ROWS: Final = (
    Row(_CATEGORY, "the policy is there", _policy),
    Row(_CATEGORY, "the policy is bound", _binding),
    Row(_CATEGORY, "who is held back is told", _notice),
    Row(_CATEGORY, "a new version is held back", _acts),
)
