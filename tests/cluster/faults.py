"""Faults that are switched on while a version serves."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import aiohttp

from sluice.model.json import Body
from sluice.model.names import ROLE_CANARY, ROLE_LABEL
from sluice.model.references import PODS
from tests.cluster.app_manifests import PORT
from tests.cluster.sampler import Sampler

ERRORS: Final = "errors=1"
HALF: Final = "errors=0.5"
SLOW: Final = "delay=2s"
HANGING: Final = "hang=true"
UNREADY: Final = "unready=true"
CRASHING: Final = "crash=true"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that serves one of the versions."""

    name: str
    address: str
    canary: bool


def serving(sampler: Sampler) -> list[Pod]:
    """Return the pods that have an address and are not ending."""
    pods = [_pod(body) for body in sampler.present(PODS) if not _ending(body)]
    return [pod for pod in pods if pod.address]


def _ending(body: Body) -> bool:
    return body.has("metadata", "deletionTimestamp") or body.text("status", "phase") != "Running"


def _pod(body: Body) -> Pod:
    role = body.labels("metadata", "labels").get(ROLE_LABEL)
    address = body.text("status", "podIP", default="")
    return Pod(body.text("metadata", "name"), address, role == ROLE_CANARY)


async def switch(sampler: Sampler, fault: str, *, canary: bool) -> float:
    """Switch the fault in every pod of the version; return the instant of the first switch."""
    pods = [pod for pod in serving(sampler) if pod.canary is canary]
    assert pods, f"there is no pod to make faulty; {sampler}"
    began = time.time()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(_post(session, pod, f"fault?{fault}") for pod in pods))
    return began


async def crash(pod: Pod) -> None:
    """End the pod's process with an error."""
    async with aiohttp.ClientSession() as session:
        try:
            await _post(session, pod, "crash")
        except aiohttp.ServerDisconnectedError:
            return  # as it should
    raise AssertionError(f"pod {pod.name} did not crash")


async def _post(session: aiohttp.ClientSession, pod: Pod, path: str) -> None:
    async with session.post(f"http://{pod.address}:{PORT}/{path}") as answer:
        answer.raise_for_status()
