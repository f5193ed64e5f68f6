"""Carrying out the actions of a plan: in order within their group, each group for itself.

Every action is safe to repeat: what exists already, or is gone already, counts as done.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from sluice.adapters.failures import AlreadyExistsError, ConflictError, KubeError, NotFoundError
from sluice.adapters.kube import KubeClient
from sluice.engine.knowledge import Knowledge
from sluice.engine.refusals import problem_of, stranger
from sluice.engine.writer import Writer, replace_version
from sluice.model.json import Body, JsonObject
from sluice.model.plan import Action, Create, Delete, Fence, Patch
from sluice.model.problems import Problem
from sluice.model.references import ObjectRef


class _End(Enum):
    """How an action ends when nobody has to be told of it."""

    DONE = auto()
    STALE = auto()  # it was decided on old knowledge


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan's actions.

    problems: one per group that stopped, to be told to the user.
    stale: a write rested on old knowledge (conflict, fence); fresh knowledge has been read.
    """

    problems: tuple[Problem, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies actions; the server's answers go into the caches at once."""

    client: KubeClient
    writer: Writer
    knowledge: Knowledge

    async def apply(self, actions: Iterable[Action]) -> Applied:
        """Apply the actions of one pass. Raises GateClosedError."""
        groups: dict[str, list[Action]] = {}
        for action in actions:
            groups.setdefault(action.group, []).append(action)
        runs = (self._run(group) for group in groups.values())
        # Exceptions are collected so that no group is left running behind the pass's back.
        ends = await asyncio.gather(*runs, return_exceptions=True)
        problems = []
        for end in ends:
            if isinstance(end, BaseException):
                raise end
            if not isinstance(end, _End):
                problems.append(end)
        return Applied(tuple(problems), stale=_End.STALE in ends)

    async def _run(self, group: Iterable[Action]) -> _End | Problem:
        """Apply the actions of one group until one of them is not done."""
        owners: dict[ObjectRef, JsonObject] = {}
        for action in group:
            try:
                end = await self._fenced(action, owners)
            except KubeError as error:
                return problem_of(action, error)
            if end is not _End.DONE:
                return end
        return _End.DONE

    async def _fenced(self, action: Action, owners: dict[ObjectRef, JsonObject]) -> _End | Problem:
        try:
            if action.fence is not None and not await self._holds(action.fence, owners):
                return _End.STALE
            return await self._do(action)
        except (ConflictError, NotFoundError):
            await self.knowledge.refresh(action.ref)
            if action.fence is not None:
                await self.knowledge.refresh(action.fence.owner)
            return _End.STALE

    async def _holds(self, fence: Fence, owners: dict[ObjectRef, JsonObject]) -> bool:
        """Whether the owner is as expected; it is read after the decision, once per group."""
        if fence.owner not in owners:
            owners[fence.owner] = await self.client.get(fence.owner)
            self.knowledge.learn(fence.owner, owners[fence.owner])
        body = Body(owners[fence.owner])
        return body.json("metadata", "uid") == fence.uid and all(
            body.json(*expectation.path) == expectation.value for expectation in fence.expectations
        )

    async def _do(self, action: Action) -> _End | Problem:
        match action:
            case Create():
                return await self._create(action)
            case Patch():
                return await self._patch(action)
            case Delete():
                return await self._delete(action)
            case _:
                assert_never(action)

    async def _create(self, action: Create) -> _End | Problem:
        ref = action.ref
        try:
            body = await self.writer.create(ref.resource, ref.namespace, action.manifest)
        except AlreadyExistsError:
            body = await self.client.get(ref)
            labels = Body(body).labels("metadata", "labels")
            if any(labels.get(key) != value for key, value in action.identity.items()):
                return stranger(ref, action.identity)
        self.knowledge.learn(ref, body)
        return _End.DONE

    async def _patch(self, action: Patch) -> _End:
        version = action.resource_version
        guard = () if version is None else (replace_version(version),)
        body = await self.writer.patch(action.ref, (*guard, *action.operations))
        self.knowledge.learn(action.ref, body)
        return _End.DONE

    async def _delete(self, action: Delete) -> _End:
        try:
            answer = await self.writer.delete(action.ref, action.uid)
        except (NotFoundError, ConflictError):
            # Gone, or its name belongs to another object by now: both are what was wanted.
            body = await self.knowledge.refresh(action.ref)
            is_there = body is not None and Body(body).json("metadata", "uid") == action.uid
            return _End.STALE if is_there else _End.DONE
        self.knowledge.learn_deletion(action.ref, action.uid, answer)
        return _End.DONE
