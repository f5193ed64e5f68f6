"""Whether a gateway can split traffic, and a Prometheus tells how it fares."""

from typing import Final

from sluice.adapters.prometheus import PrometheusError
from sluice.cli.check.findings import Finding, Row, failed, passed, skipped
from sluice.cli.check.site import Site
from sluice.model.json import Body
from sluice.model.references import Resource

_CATEGORY: Final = "Traffic"
_GROUP: Final = "gateway.networking.k8s.io"
_GATEWAYS: Final = Resource(_GROUP, "v1", "gateways", "Gateway")
_CONDITIONS: Final = ("Accepted", "Programmed")


async def _gateway_api(site: Site) -> Finding:
    served = await site.served(f"{_GROUP}/v1")
    if "httproutes" in served:
        return passed(f"{_GROUP}/v1 serves httproutes")
    return failed(f"{_GROUP}/v1 serves no httproutes", "install the CRDs of the Gateway API")


async def _gateway(site: Site) -> Finding:
    if "gateways" not in await site.served(f"{_GROUP}/v1"):
        return skipped("the Gateway API is not installed")
    found = [Body(item) for item in await site.cluster.all(_GATEWAYS)]
    ready = [_name(gateway) for gateway in found if _is_ready(gateway)]
    if ready:
        return passed(f"{len(ready)} of {len(found)} are accepted and programmed: {ready[0]}")
    if not found:
        return failed("there is no Gateway", "create a Gateway of your gateway controller")
    first = _name(found[0])
    sentence = f"none of {len(found)} is accepted and programmed, for example {first}"
    return failed(sentence, f"kubectl describe gateway -n {first.replace('/', ' ')}")


def _is_ready(gateway: Body) -> bool:
    conditions = gateway.body("status").bodies("conditions")
    true = {c.text("type") for c in conditions if c.text("status") == "True"}
    return true.issuperset(_CONDITIONS)


def _name(gateway: Body) -> str:
    meta = gateway.body("metadata")
    return f"{meta.text('namespace')}/{meta.text('name')}"


async def _prometheus(site: Site) -> Finding:
    if site.build_info is None:
        return skipped("no URL is known: give --prometheus-url as seen from here")
    url = site.build_info.url
    try:
        version = await site.build_info.version()
    except PrometheusError as error:
        fix = "check --prometheus-url, or kubectl port-forward to it"
        return failed(f"{url}: {error}", fix)
    return passed(f"{url}, version {version}")


ROWS: Final = (
    Row(_CATEGORY, "the Gateway API is installed", _gateway_api),
    Row(_CATEGORY, "a Gateway is ready", _gateway),
    Row(_CATEGORY, "Prometheus answers", _prometheus),
)
