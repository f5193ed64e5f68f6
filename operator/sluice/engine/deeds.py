"""What each action does to the cluster, and what becomes known by it.

Every action is safe to repeat: what exists already, or is gone already, counts as done.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from sluice.adapters.failures import (
    AlreadyExistsError,
    ConflictError,
    InvalidError,
    NotFoundError,
)
from sluice.adapters.kube import KubeClient
from sluice.engine.knowledge import Knowledge
from sluice.engine.refusals import not_installed, stranger
from sluice.engine.writer import Writer, replace_version
from sluice.model.json import Body
from sluice.model.plan import Action, Create, Delete, Merge, Patch
from sluice.model.problems import Problem


class End(Enum):
    """How an action ends when nobody has to be told of it."""

    DONE = auto()
    STALE = auto()  # it was decided on old knowledge


@dataclass(frozen=True, slots=True)
class Deeds:
    """Carries out single actions; the server's answers go into the caches at once."""

    client: KubeClient
    writer: Writer
    knowledge: Knowledge

    async def do(self, action: Action) -> End | Problem:
        """Carry out an action. Raises KubeError, GateClosedError."""
        match action:
            case Create():
                return await self._create(action)
            case Patch():
                return await self._patch(action)
            case Delete():
                return await self._delete(action)
            case Merge():
                return await self._merge(action)
            case _:
                assert_never(action)

    async def _create(self, action: Create) -> End | Problem:
        ref = action.ref
        try:
            body = await self.writer.create(ref.resource, ref.namespace, action.manifest)
        except AlreadyExistsError:
            body = await self.client.get(ref)
            labels = Body(body).labels("metadata", "labels")
            if any(labels.get(key) != value for key, value in action.identity.items()):
                return stranger(ref, action.identity)
        self.knowledge.learn(ref, body)
        return End.DONE

    async def _patch(self, action: Patch) -> End:
        version = action.resource_version
        guard = () if version is None else (replace_version(version),)
        body = await self.writer.patch(action.ref, (*guard, *action.operations))
        self.knowledge.learn(action.ref, body)
        return End.DONE

    async def _delete(self, action: Delete) -> End:
        try:
            answer = await self.writer.delete(action.ref, action.uid)
        except (NotFoundError, ConflictError):
            # Gone, or its name belongs to another object by now: both are what was wanted.
            return End.DONE if await self._is_gone(action) else End.STALE
        self.knowledge.learn_deletion(action.ref, action.uid, answer)
        return End.DONE

    async def _merge(self, action: Merge) -> End | Problem:
        meta = Body(action.fields).body("metadata").value
        identity = {"uid": action.uid} if action.uid else {}
        fields = {**action.fields, "metadata": {**meta, **identity}}
        try:
            body = await self.writer.merge(action.ref, fields, action.subresource)
        except (NotFoundError, ConflictError) as error:
            if isinstance(error, NotFoundError) and not action.uid:
                return not_installed(action.ref)
            return End.DONE if await self._is_gone(action) else End.STALE
        except InvalidError as error:
            if not (_speaks_of_uid(error) and await self._is_gone(action)):
                raise
            return End.DONE
        self.knowledge.learn(action.ref, body)
        return End.DONE

    async def _is_gone(self, action: Delete | Merge) -> bool:
        """Whether the UID that was meant does not exist any more; what has its name is read afresh.

        Without a UID no object in particular was meant, and none can be gone.
        """
        body = await self.knowledge.refresh(action.ref)
        is_there = body is not None and Body(body).json("metadata", "uid") == action.uid
        return bool(action.uid) and not is_there


def _speaks_of_uid(error: InvalidError) -> bool:
    """Whether the UID in a patch is what the server refuses; only its text says so.

    ValidateObjectMetaUpdate (apimachinery) says «metadata.uid: Invalid value: "...": field is
    immutable», its storage «Precondition failed: UID in precondition: ...».
    """
    return "metadata.uid: " in error.message or "UID in precondition" in error.message
