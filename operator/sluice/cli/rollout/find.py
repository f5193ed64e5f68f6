"""Finding Rollouts and what belongs to them."""

import asyncio
from difflib import get_close_matches

from sluice.adapters.failures import NotFoundError
from sluice.cli.cluster import Cluster, within
from sluice.cli.exits import CommandError, Exit
from sluice.cli.views.family import Family, family_of
from sluice.cli.views.overview import Overview
from sluice.model.cluster import Deployment, Pod, ReplicaSet
from sluice.model.json import Body
from sluice.model.references import DEPLOYMENTS, PODS, REPLICASETS, ROLLOUTS, ObjectRef


async def rollouts(cluster: Cluster, namespace: str | None) -> tuple[Overview, ...]:
    """Return the Rollouts of a namespace; None: of all of them."""
    found = await cluster.all(within(ROLLOUTS, namespace))
    return tuple(Overview.from_body(body) for body in found)


async def rollout(cluster: Cluster, namespace: str, name: str) -> Overview:
    """Return one Rollout; CommandError with the nearest name if there is none of this one."""
    try:
        return Overview.from_body(await cluster.get(ObjectRef(ROLLOUTS, namespace, name)))
    except NotFoundError as error:
        raise await _not_found(cluster, namespace, name) from error


async def _not_found(cluster: Cluster, namespace: str, name: str) -> CommandError:
    known = [found.ref.name for found in await rollouts(cluster, namespace)]
    near = get_close_matches(name, known, n=1)
    sentence = f"there is no Rollout {name} among the {len(known)} in namespace {namespace}"
    fix = f"did you mean {near[0]}?" if near else "list them with -A, or choose with -n NAME"
    return CommandError(Exit.NOT_FOUND, sentence, fix)


async def family(cluster: Cluster, found: Overview) -> Family:
    """Return a Rollout with everything that belongs to it."""
    namespace = found.ref.namespace
    deployments, replica_sets, pods = await asyncio.gather(
        *(cluster.all(within(kind, namespace)) for kind in (DEPLOYMENTS, REPLICASETS, PODS))
    )
    return family_of(
        found,
        [Deployment.from_body(Body(body)) for body in deployments],
        [ReplicaSet.from_body(Body(body)) for body in replica_sets],
        [Pod.from_body(Body(body)) for body in pods],
    )
