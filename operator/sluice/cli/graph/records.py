"""The ConfigMaps in which histories are kept, whole: with the logs, which no cache holds."""

import asyncio
from collections.abc import Iterable, Mapping

from sluice.adapters.failures import NotFoundError
from sluice.cli.cluster import Cluster
from sluice.model.json import Body
from sluice.model.references import ObjectRef
from sluice.startup.scene import InitScene


async def data_of(cluster: Cluster, ref: ObjectRef) -> Mapping[str, str]:
    """Return everything that a record holds, nothing if it is not there."""
    try:
        return Body(await cluster.get(ref)).labels("data")
    except NotFoundError:
        return {}


async def all_data(cluster: Cluster, inits: Iterable[InitScene]) -> Mapping[str, Mapping[str, str]]:
    """Return what the record of each node holds, by the node's name."""
    found = {one.name: one.situation.record.ref for one in inits if one.situation.record.exists}
    held = await asyncio.gather(*(data_of(cluster, ref) for ref in found.values()))
    return dict(zip(found, held, strict=True))
