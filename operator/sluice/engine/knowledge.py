"""Both caches as one: what the server tells us, from whichever side, goes where it belongs."""

from dataclasses import dataclass

from sluice.adapters.failures import NotFoundError
from sluice.adapters.kube import KubeClient
from sluice.engine.cache import Cache
from sluice.engine.informer import project
from sluice.engine.own import OwnObjects
from sluice.model.cluster import PROJECTIONS
from sluice.model.json import Body, JsonObject
from sluice.model.references import ObjectRef


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The cache of projections and the store of our own objects."""

    client: KubeClient
    cache: Cache
    own: OwnObjects

    def learn(self, ref: ObjectRef, body: JsonObject) -> None:
        """Take in a state that the server has answered, before its event arrives."""
        if self.own.serves(ref.resource):
            self.own.put(ref.resource, body)
        elif ref.resource in PROJECTIONS:
            projection = project(ref.resource, body)
            if projection is not None:
                self.cache.put(projection)

    def forget(self, ref: ObjectRef, uid: str) -> None:
        """Take in that an object is gone."""
        if self.own.serves(ref.resource):
            self.own.drop(ref, uid)
        else:
            self.cache.remove(ref, uid)

    async def refresh(self, ref: ObjectRef) -> JsonObject | None:
        """Read an object afresh, take it in and return it; None when it does not exist."""
        try:
            body = await self.client.get(ref)
        except NotFoundError:
            uid = self._known_uid(ref)
            if uid is not None:
                self.forget(ref, uid)
            return None
        self.learn(ref, body)
        return body

    def learn_deletion(self, ref: ObjectRef, uid: str, answer: JsonObject) -> None:
        """Take in the answer to a delete: a Status if it is gone, else the object that lingers."""
        if Body(answer).json("kind") == "Status":
            self.forget(ref, uid)
        else:
            self.learn(ref, answer)

    def _known_uid(self, ref: ObjectRef) -> str | None:
        own, projection = self.own.get(ref), self.cache.get(ref)
        if own is not None:
            return own.uid
        return None if projection is None else projection.meta.uid
