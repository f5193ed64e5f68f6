"""Whether our kinds are served, and with schemas that keep what the operator writes."""

from dataclasses import dataclass
from typing import Final

from sluice.cli.check.findings import Finding, failed, passed, skipped
from sluice.cli.check.site import Site
from sluice.cli.check.status_fields import STATUS_FIELDS
from sluice.model.json import Body
from sluice.model.references import VERSION, Resource

_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_APPLY: Final = "kubectl apply --server-side -k crds"


@dataclass(frozen=True, slots=True)
class Served:
    """The API server serves a kind in our version."""

    kind: Resource

    async def __call__(self, site: Site) -> Finding:
        """Look at its CRD."""
        name = _name(self.kind)
        found = await site.one(f"{_CRDS}/{name}")
        if found is None:
            return failed(f"there is no {name}", _APPLY)
        crd = Body(found)
        versions = [v.text("name") for v in crd.body("spec").bodies("versions") if v.flag("served")]
        if VERSION not in versions:
            sentence = f"{name} serves {', '.join(versions)}, this program speaks {VERSION}"
            return failed(sentence, _APPLY)
        established = any(
            condition.text("type") == "Established" and condition.text("status") == "True"
            for condition in crd.body("status").bodies("conditions")
        )
        if not established:
            return failed(f"{name} is not established", f"kubectl describe crd {name}")
        return passed(f"{name} {VERSION}")


@dataclass(frozen=True, slots=True)
class KnowsStatus:
    """The schema of a kind has every field of status that this program reads and writes."""

    kind: Resource

    async def __call__(self, site: Site) -> Finding:
        """Look at its CRD."""
        name, needed = _name(self.kind), STATUS_FIELDS[self.kind]
        found = await site.one(f"{_CRDS}/{name}")
        if found is None:
            return skipped(f"there is no {name}")
        versions = Body(found).body("spec").bodies("versions")
        schema = next((v for v in versions if v.text("name") == VERSION), Body({}))
        status = schema.body("schema", "openAPIV3Schema", "properties", "status")
        missing = sorted(needed - known_fields(status))
        if missing:
            number = f"{len(missing)} of {len(needed)} fields of status"
            return failed(f"{number} are unknown to it: {', '.join(missing)}", _APPLY)
        return passed(f"all {len(needed)} fields of status")


def known_fields(schema: Body, path: str = "") -> frozenset[str]:
    """Return the dotted paths of the fields of a schema, those of lists as history[].reason."""
    if schema.has("items"):
        return known_fields(schema.body("items"), f"{path}[]")
    properties = schema.body("properties")
    if not properties.value:
        return frozenset({path})
    below = (
        known_fields(properties.body(name), f"{path}.{name}".removeprefix("."))
        for name in properties.value
    )
    return frozenset().union(*below)


def _name(kind: Resource) -> str:
    return f"{kind.plural}.{kind.group}"
