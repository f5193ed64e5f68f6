"""Who wants to know what: from a changed object to the keys whose last wants it touches."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from sluice.engine.cache import Cache, OwnerKey, owner_key, owners_of
from sluice.model.cluster import Projection
from sluice.model.kind import Descendants, InNamespace, Labelled, One, Selection
from sluice.model.references import ObjectRef, Resource

Topic = One | InNamespace | Labelled | tuple[Resource, OwnerKey]


class Subscriptions:
    """The selections of each key's last wants, by what would change their answer."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._topics: dict[ObjectRef, frozenset[Topic]] = {}
        self._keys: defaultdict[Topic, set[ObjectRef]] = defaultdict(set)
        self._chained: Counter[Resource] = Counter()  # of how many descendant topics
        self._labels: Counter[str] = Counter()  # of how many label topics

    def replace(self, key: ObjectRef, selections: Iterable[Selection]) -> None:
        """Replace what a key wants to know."""
        new = frozenset(_topic(selection) for selection in selections)
        old = self._topics.get(key, frozenset())
        for topic in old - new:
            self._keys[topic].discard(key)
            if not self._keys[topic]:
                del self._keys[topic]
        for topic in new - old:
            self._keys[topic].add(key)
        self._chained.subtract(_chained(old - new))
        self._chained.update(_chained(new - old))
        self._labels.subtract(_labels(old - new))
        self._labels.update(_labels(new - old))
        self._topics[key] = new

    def drop(self, key: ObjectRef) -> None:
        """Forget a key."""
        self.replace(key, ())
        del self._topics[key]

    def touched(self, old: Projection | None, new: Projection | None) -> set[ObjectRef]:
        """Return the keys to whose wants the change of an object matters."""
        keys: set[ObjectRef] = set()
        for topic in self._touched_topics(old, new):
            keys |= self._keys.get(topic, set())
        return keys

    def _touched_topics(self, old: Projection | None, new: Projection | None) -> Iterator[Topic]:
        states = [state for state in (old, new) if state is not None]
        ref = states[0].meta.ref
        yield One(ref)
        yield InNamespace(ref.resource, ref.namespace)
        for label in self._labels:
            for state in states:
                if (value := state.meta.labels.get(label)) is not None:
                    yield Labelled(ref.resource, ref.namespace, label, value)
        resources = {ref.resource}
        if old is None or new is None or owners_of(old) != owners_of(new):
            # A link of a chain came or went: what hangs below it changes its ancestors too (a Pod
            # may be seen before the ReplicaSet that ties it to its Deployment).
            resources |= {resource for resource, count in self._chained.items() if count}
        for ancestor in {above for state in states for above in self._cache.above(state)}:
            for resource in resources:
                yield (resource, ancestor)


def _chained(topics: Iterable[Topic]) -> list[Resource]:
    return [topic[0] for topic in topics if isinstance(topic, tuple)]


def _labels(topics: Iterable[Topic]) -> list[str]:
    return [topic.label for topic in topics if isinstance(topic, Labelled)]


def _topic(selection: Selection) -> Topic:
    match selection:
        case One() | InNamespace() | Labelled():
            return selection
        case Descendants(resource, ancestor):
            return (resource, owner_key(ancestor))
