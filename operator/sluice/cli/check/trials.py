"""Objects that are written only for trial: what comes back shows whether the policies act."""

import re
from dataclasses import dataclass
from typing import Final

from sluice.adapters.failures import ForbiddenError, InvalidError
from sluice.cli.check.findings import APPLY, CutShortError, failed, skipped
from sluice.cli.check.site import Site
from sluice.model.json import Body, JsonObject
from sluice.model.names import GRAPH_LABEL, NODE_LABEL
from sluice.model.references import Resource

NAME: Final = "sluice-check"
# How the API server names a policy of ours that cannot be evaluated, or not even be configured.
_OURS: Final = re.compile(r"""policy ['"]sluice-""")
LABELS: Final[JsonObject] = {GRAPH_LABEL: NAME, NODE_LABEL: "trial"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What the API server would have stored, and in which namespace."""

    namespace: str
    body: Body


async def tried(site: Site, resource: Resource, manifest: JsonObject) -> Tried:
    """Have an object created without a write; CutShortError if that is refused, or has no place.

    Rights, quotas, pod security and the policies of others say nothing of ours. Where it is ours
    that refuses, it cannot be evaluated, and refuses every such object.
    """
    namespace = await _namespace(site)
    if namespace is None:
        raise CutShortError(skipped("no namespace with a StartupGraph to try in"))
    try:
        answer = await site.cluster.try_create(resource, namespace, manifest)
    except (ForbiddenError, InvalidError) as error:
        sentence = f"cannot be tried in namespace {namespace}: {error.message}"
        ours = _OURS.search(error.message)
        raise CutShortError(failed(sentence, APPLY) if ours else skipped(sentence)) from error
    return Tried(namespace, Body(answer))


async def _namespace(site: Site) -> str | None:
    """Return a namespace in which nodes are held, None if none is known."""
    if site.namespace is not None:
        free = {"kube-system", site.operator_namespace}
        return None if site.namespace in free else site.namespace
    found = await site.graphs()
    return next((body.text("metadata", "namespace") for body in found), None)
