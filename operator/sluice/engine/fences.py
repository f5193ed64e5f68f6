"""Fences: whether the owner of a write still is what the write was decided on."""

import asyncio
from dataclasses import dataclass, field

from sluice.engine.knowledge import Knowledge
from sluice.engine.status import same
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Fence
from sluice.model.references import ObjectRef


@dataclass(frozen=True, slots=True)
class Fences:
    """The fences of one pass, made after its decision: each owner is read once, for all groups."""

    knowledge: Knowledge
    _readings: dict[ObjectRef, asyncio.Task[JsonObject | None]] = field(default_factory=dict)

    async def holds(self, fence: Fence) -> bool:
        """Whether the owner, read afresh, is as expected. Raises KubeError, for each who asks."""
        if fence.owner not in self._readings:
            # A task, so that those who ask meanwhile wait for the same answer.
            self._readings[fence.owner] = asyncio.create_task(
                self.knowledge.refresh(fence.owner), name=f"fence {fence.owner}"
            )
        owner = await self._readings[fence.owner]
        if owner is None:
            return False
        body = Body(owner)
        return body.json("metadata", "uid") == fence.uid and all(
            same(body.json(*expectation.path), expectation.value)
            for expectation in fence.expectations
        )
