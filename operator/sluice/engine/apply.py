"""Carrying out the actions of a plan: in order within their group, each group for itself."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sluice.adapters.failures import ConflictError, KubeError, NotFoundError
from sluice.engine.deeds import Deeds, End
from sluice.engine.fences import Fences
from sluice.engine.knowledge import Knowledge
from sluice.engine.refusals import problem_of
from sluice.model.plan import Action
from sluice.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan's actions.

    problems: one per group that stopped, to be told to the user. stopped: the names of the groups.
    stale: a write rested on old knowledge (conflict, fence); fresh knowledge has been read.
    """

    problems: tuple[Problem, ...] = ()
    stale: bool = False
    stopped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies actions; the server's answers go into the caches at once."""

    deeds: Deeds
    knowledge: Knowledge

    async def apply(self, actions: Iterable[Action]) -> Applied:
        """Apply the actions of one pass. Raises GateClosedError."""
        groups: dict[str, list[Action]] = {}
        for action in actions:
            groups.setdefault(action.group, []).append(action)
        fences = Fences(self.knowledge)
        runs = (self._run(group, fences) for group in groups.values())
        # Exceptions are collected so that no group is left running behind the pass's back.
        ends = await asyncio.gather(*runs, return_exceptions=True)
        problems: dict[str, Problem] = {}
        for name, end in zip(groups, ends, strict=True):
            if isinstance(end, BaseException):
                raise end
            if not isinstance(end, End):
                problems[name] = end
        return Applied(tuple(problems.values()), End.STALE in ends, frozenset(problems))

    async def _run(self, group: Iterable[Action], fences: Fences) -> End | Problem:
        """Apply the actions of one group until one of them is not done."""
        for action in group:
            try:
                end = await self._fenced(action, fences)
            except KubeError as error:
                return problem_of(action, error)
            if end is not End.DONE:
                return end
        return End.DONE

    async def _fenced(self, action: Action, fences: Fences) -> End | Problem:
        if action.fence is not None and not await fences.holds(action.fence):
            return End.STALE
        try:
            return await self.deeds.do(action)
        except (ConflictError, NotFoundError):
            await self.knowledge.refresh(action.ref)
            return End.STALE
