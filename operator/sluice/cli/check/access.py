"""What the operator may do, and what you may: asked of the API server, verb by verb."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
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
        return f"{self.verb} {self.resource}{group} {self.name}".rstrip()

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
        *_rights("batch", "jobs", "get list watch create patch"),
        *_rights("", "configmaps", "get list watch create patch"),
        *_rights("coordination.k8s.io", "leases", "get list watch create patch"),
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

# The rules of the Roles sluice-released and sluice-lease, in the operator's own namespace.
OWN_RIGHTS: Final = frozenset(
    {
        *_rights("", "configmaps", "get patch", "sluice-released"),
        *_rights("coordination.k8s.io", "leases", "create"),
        *_rights("coordination.k8s.io", "leases", "get patch", "sluice"),
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
    return await _granted(site, OPERATOR_RIGHTS, "in all namespaces")


async def _operator_at_home(site: Site) -> Finding:
    namespace = site.operator_namespace
    return await _granted(site, _at(namespace, OWN_RIGHTS), f"in namespace {namespace}")


async def _granted(site: Site, rights: Collection[Right], where: str) -> Finding:
    """Ask whether the operator's account has rights."""
    namespace = site.operator_namespace
    user = f"system:serviceaccount:{namespace}:{OPERATOR_ACCOUNT}"
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    who = {"user": user, "groups": [*groups, "system:authenticated"]}
    missing = await _missing(site, _SUBJECT, rights, who)
    if missing:
        number = f"{len(missing)} of {len(rights)} rights {where}"
        return failed(f"{user} lacks {number}: {', '.join(missing)}", APPLY)
    return passed(f"{user} has all {len(rights)} rights {where}")


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
    return _at(site.namespace or "", rights)


def _at(namespace: str, rights: Iterable[Right]) -> tuple[Right, ...]:
    return tuple(replace(right, namespace=namespace) for right in rights)


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
    Row(_CATEGORY, "the operator may write its list and its Lease", _operator_at_home),
    Row(_CATEGORY, "you may look", _looker),
    Row(_CATEGORY, "you may steer", _steerer),
)
