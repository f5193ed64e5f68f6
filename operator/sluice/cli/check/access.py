"""What the operator may do, and what you may: asked of the API server, verb by verb."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sluice.cli.check.findings import APPLY, Finding, Row, failed, passed, warned
from sluice.cli.check.site import OPERATOR_ACCOUNT, Site
from sluice.model.json import Body, Json, JsonObject
from sluice.model.references import Resource

_CATEGORY: Final = "Access"
_REVIEWS: Final = "authorization.k8s.io"
_SUBJECT: Final = Resource(_REVIEWS, "v1", "subjectaccessreviews", "SubjectAccessReview")
_SELF: Final = Resource(_REVIEWS, "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview")


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource; `name` and `namespace` are empty where the right is for all."""

    group: str
    resource: str
    verb: str
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}"

    @property
    def attributes(self) -> Mapping[str, Json]:
        """The right as a review asks for it."""
        resource, _, subresource = self.resource.partition("/")
        return {
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "verb": self.verb,
            "name": self.name,
            "namespace": self.namespace,
        }


def _rights(group: str, resources: str, verbs: str, name: str = "") -> Iterable[Right]:
    return (Right(group, r, verb, name) for r in resources.split() for verb in verbs.split())


# The rules of ClusterRole sluice-operator.
OPERATOR_RIGHTS: Final = frozenset(
    {
        *_rights("sluice.dev", "rollouts startupgraphs", "get list watch patch"),
        *_rights("sluice.dev", "rollouts/status startupgraphs/status", "patch"),
        *_rights("apps", "deployments", "get list watch create patch delete"),
        *_rights("apps", "replicasets", "get list watch patch delete"),
        *_rights("apps", "statefulsets daemonsets", "list watch"),
        *_rights("batch", "jobs", "get list watch patch"),
        *_rights("", "services", "get list watch create delete"),
        *_rights("gateway.networking.k8s.io", "httproutes", "get list watch patch"),
        *_rights("", "pods", "get list watch patch delete"),
        *_rights("", "pods/status", "patch"),
        *_rights("", "persistentvolumeclaims", "list watch"),
        *_rights("discovery.k8s.io", "endpointslices", "list watch"),
        *_rights("networking.k8s.io", "networkpolicies", "list watch"),
        *_rights("autoscaling", "horizontalpodautoscalers", "list watch"),
        *_rights("policy", "poddisruptionbudgets", "list watch"),
        *_rights("monitoring.coreos.com", "podmonitors", "list watch"),
        *_rights("events.k8s.io", "events", "create"),
    }
)

_TO_LOOK: Final = (
    *_rights("sluice.dev", "rollouts startupgraphs", "get list watch"),
    *_rights("apps", "deployments replicasets statefulsets daemonsets", "list watch"),
    *_rights("batch", "jobs", "list watch"),
    *_rights("", "pods", "list watch"),
)
_TO_STEER: Final = tuple(_rights("sluice.dev", "rollouts startupgraphs", "patch"))


async def _operator(site: Site) -> Finding:
    namespace = site.operator_namespace
    user = f"system:serviceaccount:{namespace}:{OPERATOR_ACCOUNT}"
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    who = {"user": user, "groups": [*groups, "system:authenticated"]}
    missing = await _missing(site, _SUBJECT, OPERATOR_RIGHTS, who)
    if missing:
        sentence = f"{user} lacks {len(missing)} of {len(OPERATOR_RIGHTS)}: {', '.join(missing)}"
        return failed(sentence, APPLY)
    return passed(f"{user} has all {len(OPERATOR_RIGHTS)} rights")


async def _looker(site: Site) -> Finding:
    missing = await _missing(site, _SELF, _here(site, _TO_LOOK), {})
    if missing:
        fix = "ask for the role view in this namespace"
        return warned(f"you lack {', '.join(missing)} {_where(site)}", fix)
    return passed(f"you may read Rollouts, StartupGraphs and their pods {_where(site)}")


async def _steerer(site: Site) -> Finding:
    missing = await _missing(site, _SELF, _here(site, _TO_STEER), {})
    if missing:
        fix = "ask for the role edit in this namespace"
        return warned(f"you lack {', '.join(missing)} {_where(site)}", fix)
    return passed(f"you may promote, abort, pause, retry and suspend {_where(site)}")


def _here(site: Site, rights: Iterable[Right]) -> tuple[Right, ...]:
    namespace = site.namespace or ""
    return tuple(Right(r.group, r.resource, r.verb, r.name, namespace) for r in rights)


def _where(site: Site) -> str:
    return f"in namespace {site.namespace}" if site.namespace else "in all namespaces"


async def _missing(
    site: Site, kind: Resource, rights: Iterable[Right], who: Mapping[str, Json]
) -> tuple[str, ...]:
    """Return the rights that are not granted, sorted."""
    asked = sorted(rights)
    answers = await asyncio.gather(*(_allowed(site, kind, right, who) for right in asked))
    return tuple(str(right) for right, yes in zip(asked, answers, strict=True) if not yes)


async def _allowed(site: Site, kind: Resource, right: Right, who: Mapping[str, Json]) -> bool:
    review: JsonObject = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "spec": {**who, "resourceAttributes": right.attributes},
    }
    answer = Body(await site.cluster.review(kind, review))
    return answer.flag("status", "allowed", default=False)


ROWS: Final = (
    Row(_CATEGORY, "the operator may do its work", _operator),
    Row(_CATEGORY, "you may look", _looker),
    Row(_CATEGORY, "you may steer", _steerer),
)
